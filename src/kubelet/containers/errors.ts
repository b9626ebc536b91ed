/** Why a container could not be started, as `state.waiting` of its status says it. */
export type StartFailureReason =
  | 'ErrImagePull'
  | 'ImagePullBackOff'
  | 'ErrImageNeverPull'
  | 'InvalidImageName'
  | 'ImageInspectError'
  | 'RegistryUnavailable'
  | 'SignatureValidationFailed'
  | 'CreateContainerConfigError'
  | 'PreCreateHookError'
  | 'CreateContainerError'
  | 'PreStartHookError'
  | 'RunContainerError'
  | 'PostStartHookError'
  | 'CrashLoopBackOff';

/** A container's start failed; `message` is the text that stands beside the reason. */
export class StartFailure extends Error {
  readonly reason: StartFailureReason;

  constructor(reason: StartFailureReason, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'StartFailure';
    this.reason = reason;
  }
}

export const containerConfigError = (message: string, cause?: unknown): StartFailure =>
  new StartFailure('CreateContainerConfigError', message, { cause });
