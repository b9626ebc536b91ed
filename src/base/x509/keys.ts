import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

/** The algorithms kubeadm's `encryptionAlgorithm` names. */
export const keyAlgorithms = ['RSA-2048', 'RSA-3072', 'RSA-4096', 'ECDSA-P256', 'ECDSA-P384'] as const;
export type KeyAlgorithm = (typeof keyAlgorithms)[number];

const generate = promisify(generateKeyPair);

/**
 * A new private key. RSA takes long (a tenth of a second and more), but off the main thread: ask for all keys at
 * once rather than one after another.
 */
export async function generateKey(algorithm: KeyAlgorithm): Promise<KeyObject> {
  switch (algorithm) {
    case 'ECDSA-P256':
      return (await generate('ec', { namedCurve: 'P-256' })).privateKey;
    case 'ECDSA-P384':
      return (await generate('ec', { namedCurve: 'P-384' })).privateKey;
    default:
      return (await generate('rsa', { modulusLength: Number(algorithm.slice('RSA-'.length)) })).privateKey;
  }
}

/** PEM in the key's own form, `RSA PRIVATE KEY` or `EC PRIVATE KEY`, as kubeadm and client-go write it. */
export const privateKeyToPem = (key: KeyObject): string =>
  key.export({ format: 'pem', type: key.asymmetricKeyType === 'rsa' ? 'pkcs1' : 'sec1' }).toString();

/** The public half as PEM, `PUBLIC KEY`. Takes a private key too. */
export const publicKeyToPem = (key: KeyObject): string =>
  publicHalf(key).export({ format: 'pem', type: 'spki' }).toString();

/** Reads `RSA PRIVATE KEY`, `EC PRIVATE KEY` or `PRIVATE KEY`; also finds it beside a certificate in one file. */
export function privateKeyFromPem(pem: string): KeyObject {
  const block = /-----BEGIN ((?:RSA |EC )?PRIVATE KEY)-----[\s\S]+?-----END \1-----/.exec(pem);
  if (block === null) throw new Error('no private key in the PEM text');
  return createPrivateKey(block[0]);
}

/** The public key of a private one; a public key stays what it is. */
export const publicHalf = (key: KeyObject): KeyObject => (key.type === 'private' ? createPublicKey(key) : key);
