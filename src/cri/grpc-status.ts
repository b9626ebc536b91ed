/** gRPC's status codes, by number, as Go prints them. https://grpc.io/docs/guides/status-codes/ */
const names = [
  'OK',
  'Canceled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
] as const;

export type GrpcCode = (typeof names)[number];

/** What number a server sent; those it may not send are unknown. */
export const parseGrpcCode = (text: string | undefined): GrpcCode => names[Number(text || Number.NaN)] ?? 'Unknown';

/** A call that did not end well: with the server's code and words, or with what happened on the way. */
export class GrpcError extends Error {
  readonly code: GrpcCode;

  constructor(code: GrpcCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'GrpcError';
    this.code = code;
  }
}

/** What HTTP's status means where gRPC's own is missing. */
export function codeOfHttp(httpStatus: number): GrpcCode {
  if (httpStatus === 401) return 'Unauthenticated';
  if (httpStatus === 403) return 'PermissionDenied';
  if (httpStatus === 404) return 'Unimplemented';
  return [429, 502, 503, 504].includes(httpStatus) ? 'Unavailable' : 'Unknown';
}

/** `grpc-message` is percent-encoded; what does not decode is taken as it is. */
export function decodeGrpcMessage(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
