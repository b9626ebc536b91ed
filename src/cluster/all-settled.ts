/** Does something for each, side by side. The first error is thrown only when all have ended: nothing is left running. */
export async function allSettled<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  const results = await Promise.allSettled(items.map(act));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
