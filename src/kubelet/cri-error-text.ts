import { messageOf } from '../base/errors.ts';
import { CriError } from '../cri/port.ts';

/** A runtime's error as upstream's texts quote it: `rpc error: code = NotFound desc = …`. */
export const criErrorText = (error: unknown): string =>
  error instanceof CriError ? `rpc error: code = ${error.grpcCode} desc = ${error.message}` : messageOf(error);
