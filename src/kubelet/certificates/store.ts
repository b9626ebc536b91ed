import { existsSync, readFileSync, renameSync, statSync } from 'node:fs';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
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
  promote(updatedPath, currentPath);
  let read: { readonly stamp: string; readonly certificate: StoredCertificate | undefined } | undefined;
  return {
    currentPath,
    // Asked every second: the file is read and parsed when it is another one only.
    current() {
      const stamp = stampOf(currentPath);
      if (read?.stamp !== stamp) read = { stamp, certificate: readCertificate(currentPath) };
      return read.certificate;
    },
    async replace(certificatePem, privateKeyPem, now) {
      await mkdir(folder, { recursive: true });
      const target = join(folder, datedName(pair, now));
      await writeFile(target, `${certificatePem.trim()}\n${privateKeyPem.trim()}\n`, { mode: 0o600 });
      await rm(updatedPath, { force: true });
      await symlink(target, updatedPath);
      await rename(updatedPath, currentPath);
    },
  };
}

/** Ends a replacement that was broken off between its two steps. */
function promote(updatedPath: string, currentPath: string): void {
  if (existsSync(updatedPath) && !existsSync(currentPath)) renameSync(updatedPath, currentPath);
}

function stampOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? '' : `${stat.ino}:${stat.mtimeMs}`;
}

function readCertificate(path: string): StoredCertificate | undefined {
  try {
    const pem = readFileSync(path, 'utf8');
    const { notBefore, notAfter } = parseCertificate(pem);
    return { pem, notBefore, notAfter };
  } catch {
    return undefined;
  }
}
