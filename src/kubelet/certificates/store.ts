import { readFileSync } from 'node:fs';
import { lstat, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseCertificate } from '../../base/x509/parse.ts';

/** A certificate with its key in one PEM text, and how long it holds. */
export interface StoredCertificate {
  readonly pem: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

const two = (n: number): string => String(n).padStart(2, '0');

/** `kubelet-client-2026-11-23-12-37-04.pem` */
export const datedName = (pair: string, at: Date): string =>
  `${pair}-${at.getUTCFullYear()}-${two(at.getUTCMonth() + 1)}-${two(at.getUTCDate())}-${two(at.getUTCHours())}-${two(at.getUTCMinutes())}-${two(at.getUTCSeconds())}.pem`;

export interface CertificateStore {
  /** The link that always names the newest one. */
  readonly currentPath: string;
  /** Undefined when there is none, or none that can be read. */
  current(): StoredCertificate | undefined;
  /** Writes a new one beside the old and points the link at it in one step. */
  replace(certificatePem: string, privateKeyPem: string, now: Date): Promise<void>;
}

/** Certificates of one purpose (`kubelet-client`, `kubelet-server`) in a folder, as upstream lays them out. */
export function certificateStore(folder: string, pair: string): CertificateStore {
  const currentPath = join(folder, `${pair}-current.pem`);
  const updatedPath = join(folder, `${pair}-updated.pem`);
  return {
    currentPath,
    current() {
      try {
        const pem = readFileSync(currentPath, 'utf8');
        const { notBefore, notAfter } = parseCertificate(pem);
        return { pem, notBefore, notAfter };
      } catch {
        return undefined;
      }
    },
    async replace(certificatePem, privateKeyPem, now) {
      await mkdir(folder, { recursive: true });
      const target = join(folder, datedName(pair, now));
      await writeFile(target, `${certificatePem.trim()}\n${privateKeyPem.trim()}\n`, { mode: 0o600 });
      await rm(updatedPath, { force: true });
      await symlink(target, updatedPath);
      await rename(updatedPath, currentPath);
      await lstat(currentPath);
    },
  };
}
