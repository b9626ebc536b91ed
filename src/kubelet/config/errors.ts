/** A command line or configuration that the kubelet cannot start with: printed, and the exit code is 1. */
export class KubeletConfigError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'KubeletConfigError';
  }
}
