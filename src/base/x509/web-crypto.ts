import { type KeyObject, webcrypto } from 'node:crypto';
import { publicHalf } from './keys.ts';
import { cryptoProvider, Name, SubjectAlternativeNameExtension } from './library.ts';

// @peculiar/x509 speaks Web Crypto; these few lines are all that stands between it and Node's keys.
cryptoProvider.set(webcrypto);

/** Who a certificate is for. */
export interface Subject {
  readonly commonName: string;
  /** Kubernetes' groups. */
  readonly organizations?: readonly string[];
}

/** The names a server is known by. */
export interface AlternativeNames {
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
}

/** The Web Crypto algorithm that the key signs with. */
export function signingAlgorithm(key: KeyObject): { readonly name: string; readonly hash: string } {
  if (key.asymmetricKeyType === 'rsa') return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  return { name: 'ECDSA', hash: key.asymmetricKeyDetails?.namedCurve === 'secp384r1' ? 'SHA-384' : 'SHA-256' };
}

export function toCryptoKey(key: KeyObject): webcrypto.CryptoKey {
  const usages: webcrypto.KeyUsage[] = [key.type === 'private' ? 'sign' : 'verify'];
  if (key.asymmetricKeyType === 'rsa') return key.toCryptoKey(signingAlgorithm(key), true, usages);
  const namedCurve = key.asymmetricKeyDetails?.namedCurve === 'secp384r1' ? 'P-384' : 'P-256';
  return key.toCryptoKey({ name: 'ECDSA', namedCurve }, true, usages);
}

export const toCryptoKeyPair = (privateKey: KeyObject) => ({
  privateKey: toCryptoKey(privateKey),
  publicKey: toCryptoKey(publicHalf(privateKey)),
});

/** Organizations before the common name, in the order Go writes them. */
export const toName = (subject: Subject): Name =>
  new Name([...(subject.organizations ?? []).map((o) => ({ O: [o] })), { CN: [subject.commonName] }]);

export const toAlternativeNames = (names: AlternativeNames): SubjectAlternativeNameExtension[] => {
  const all = [
    ...(names.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
    ...(names.ipAddresses ?? []).map((value) => ({ type: 'ip' as const, value })),
  ];
  return all.length === 0 ? [] : [new SubjectAlternativeNameExtension(all)];
};
