import { CriError } from '../../cri/port.ts';
import type { StartFailure } from '../containers/errors.ts';
import { criErrorText } from '../cri-error-text.ts';

/** A code that says nothing is left out. */
const textOf = (error: unknown): string =>
  error instanceof CriError && error.grpcCode === 'Unknown' ? error.message : criErrorText(error);

/** What the attempts with one credential after the other came to; the same text is said once. */
export function pullErrorText(errors: readonly unknown[]): string {
  const texts = [...new Set(errors.map(textOf))];
  return texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
}

/** Errors that runtimes tell apart by how their texts begin. */
const knownErrors = [
  ['RegistryUnavailable', 'the registry is unavailable'],
  ['SignatureValidationFailed', 'the signature validation failed'],
] as const;

/** What the container's status says of a pull that failed with this text. */
export function judgePullError(image: string, text: string): Pick<StartFailure, 'reason' | 'message'> {
  for (const [reason, words] of knownErrors) {
    if (!text.startsWith(reason)) continue;
    return { reason, message: `image pull failed for ${image} because ${words}${text.slice(reason.length)}` };
  }
  return { reason: 'ErrImagePull', message: text };
}
