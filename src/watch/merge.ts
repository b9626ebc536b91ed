/**
 * The items of several sources as they come, until all have ended or the consumer leaves. The first error of a source
 * ends them all. Sources end by a signal of their own, which the consumer aborts.
 */
export async function* merge<T>(sources: readonly AsyncIterable<T>[]): AsyncIterable<T> {
  const queue: T[] = [];
  let open = sources.length;
  let failure: { readonly error: unknown } | undefined;
  let wake: () => void = () => undefined;
  const pump = async (source: AsyncIterable<T>): Promise<void> => {
    try {
      for await (const item of source) {
        queue.push(item);
        wake();
      }
    } catch (error) {
      failure ??= { error };
    } finally {
      open -= 1;
      wake();
    }
  };
  for (const source of sources) void pump(source);
  for (;;) {
    const item = queue.shift();
    if (item !== undefined) {
      yield item;
      continue;
    }
    if (failure !== undefined) throw failure.error;
    if (open === 0) return;
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
}
