/** What the API server answered, or `code` 0 when it could not be asked. */
export class ApiError extends Error {
  /** HTTP status code; 0: no answer. */
  readonly code: number;
  /** The Status' reason: NotFound, AlreadyExists, Conflict, Forbidden, Expired… */
  readonly reason: string;

  constructor(code: number, reason: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ApiError';
    this.code = code;
    this.reason = reason;
  }
}

const hasCode = (error: unknown, code: number): boolean => error instanceof ApiError && error.code === code;

export const isNotFound = (error: unknown): boolean => hasCode(error, 404);
export const isConflict = (error: unknown): boolean => hasCode(error, 409);
export const isAlreadyExists = (error: unknown): boolean =>
  error instanceof ApiError && error.code === 409 && error.reason === 'AlreadyExists';
export const isForbidden = (error: unknown): boolean => hasCode(error, 403);
/** A list or watch asked for a version that the server no longer has. */
export const isExpired = (error: unknown): boolean => hasCode(error, 410);
export const isUnreachable = (error: unknown): boolean => hasCode(error, 0);

/** Makes the error of an HTTP answer: a Status object where the body is one, its text otherwise. */
export function apiErrorOf(code: number, body: string): ApiError {
  try {
    const status: unknown = JSON.parse(body);
    if (typeof status === 'object' && status !== null && 'kind' in status && status.kind === 'Status') {
      const reason = 'reason' in status && typeof status.reason === 'string' ? status.reason : '';
      const message = 'message' in status && typeof status.message === 'string' ? status.message : `HTTP ${code}`;
      return new ApiError(code, reason, message);
    }
  } catch {
    // Not JSON: a proxy's or an authenticator's plain text.
  }
  return new ApiError(code, '', body.trim() || `the server answered with HTTP ${code}`);
}
