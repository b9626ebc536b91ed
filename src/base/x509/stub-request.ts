import { createPublicKey, type KeyObject, sign } from 'node:crypto';

/** One DER element. */
function element(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const bytes = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...bytes]), content]);
}

const sequence = (...parts: readonly Uint8Array[]): Buffer => element(0x30, ...parts);
const oid = (hex: string): Buffer => element(0x06, Buffer.from(hex, 'hex'));

interface Signature {
  /** Undefined: the algorithm has its own. */
  readonly digest: string | undefined;
  /** AlgorithmIdentifier. */
  readonly identifier: Buffer;
}

const ecdsa = (digest: string, last: string): Signature => ({
  digest,
  identifier: sequence(oid(`2a8648ce3d0403${last}`)),
});

function signatureOf(key: KeyObject): Signature {
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return { digest: 'sha256', identifier: sequence(oid('2a864886f70d01010b'), element(0x05)) };
    case 'ed25519':
      return { digest: undefined, identifier: sequence(oid('2b6570')) };
    default:
      switch (key.asymmetricKeyDetails?.namedCurve) {
        case 'secp384r1':
          return ecdsa('sha384', '03');
        case 'secp521r1':
          return ecdsa('sha512', '04');
        default:
          return ecdsa('sha256', '02');
      }
  }
}

/**
 * A request (PKCS#10, DER) that names nobody: it only proves that whoever made it has the private key. By hand, for
 * the library knows fewer kinds of keys. https://www.rfc-editor.org/rfc/rfc2986#section-4
 */
export function createStubRequest(key: KeyObject): Buffer {
  const version = element(0x02, Buffer.from([0]));
  const nobody = sequence();
  const publicKey = createPublicKey(key).export({ format: 'der', type: 'spki' });
  const attributes = element(0xa0);
  const info = sequence(version, nobody, publicKey, attributes);
  const { digest, identifier } = signatureOf(key);
  const signature = element(0x03, Buffer.from([0]), sign(digest, info, key));
  return sequence(info, identifier, signature);
}
