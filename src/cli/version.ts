import packageJson from '../../package.json' with { type: 'json' };

/** klab's own version, like 0.1.0. */
export const version: string = packageJson.version;
