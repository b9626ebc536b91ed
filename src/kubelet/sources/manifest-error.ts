/** A manifest that cannot become a pod; the message says why. */
export class ManifestError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ManifestError';
  }
}

/** It cannot even be read as a pod, so its source says how it looks. */
export class UndecodableManifest extends ManifestError {}
