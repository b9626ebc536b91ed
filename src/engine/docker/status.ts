/** Whether the engine refused with this HTTP status. */
export const isStatus = (error: unknown, code: number): boolean =>
  typeof error === 'object' && error !== null && 'statusCode' in error && error.statusCode === code;
