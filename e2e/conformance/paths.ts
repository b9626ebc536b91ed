import { fileURLToPath } from 'node:url';

/** The folder of the conformance tests. */
export const folder = fileURLToPath(new URL('.', import.meta.url)).replace(/\/$/, '');

/** The repository's root folder. */
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
