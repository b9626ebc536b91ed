import { createHash } from 'node:crypto';

/** The sha256 of a text's UTF-8 bytes, as 64 hexadecimal digits. */
export const sha256Of = (text: string): string => createHash('sha256').update(text).digest('hex');
