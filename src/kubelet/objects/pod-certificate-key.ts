import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

const generate = promisify(generateKeyPair);

/** A new private key of a type that a pod certificate may have. Rejects for any other. */
export async function generatePodKey(keyType: string): Promise<KeyObject> {
  switch (keyType) {
    case 'RSA3072':
    case 'RSA4096':
      return (await generate('rsa', { modulusLength: Number(keyType.slice('RSA'.length)) })).privateKey;
    case 'ECDSAP256':
    case 'ECDSAP384':
    case 'ECDSAP521':
      return (await generate('ec', { namedCurve: `P-${keyType.slice('ECDSAP'.length)}` })).privateKey;
    case 'ED25519':
      return (await generate('ed25519')).privateKey;
    default:
      throw new Error(`unknown key type ${JSON.stringify(keyType)}`);
  }
}
