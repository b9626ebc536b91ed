import { type KeyObject, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fakeApi } from '../../api/fake.ts';
import { FakeClock } from '../../base/clock.ts';
import { type Authority, selfSignAuthority, signCertificate } from '../../base/x509/certificates.ts';
import { generateKey } from '../../base/x509/keys.ts';
import { authenticator } from './authenticate.ts';

const notBefore = new Date('2025-01-01T00:00:00Z');
const notAfter = new Date('2027-01-01T00:00:00Z');

let folder = '';
let caFile = '';
let key: KeyObject;
let authority: Authority;
let stranger: Authority;

async function anAuthority(): Promise<Authority> {
  const privateKey = await generateKey('ECDSA-P256');
  return {
    privateKey,
    certificatePem: await selfSignAuthority({ commonName: 'kubernetes', key: privateKey, notBefore, notAfter }),
  };
}

interface Wanted {
  readonly by?: Authority;
  readonly usages?: readonly ('server' | 'client')[];
  readonly until?: Date;
}

async function certificate({ by = authority, usages = ['client'], until = notAfter }: Wanted = {}): Promise<Buffer> {
  const pem = await signCertificate(
    { subject: { commonName: 'jane', organizations: ['dev', 'ops'] }, key, usages, notBefore, notAfter: until },
    by,
  );
  return new X509Certificate(pem).raw;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'klab-authenticate-'));
  caFile = join(folder, 'ca.crt');
  key = await generateKey('ECDSA-P256');
  authority = await anAuthority();
  stranger = await anAuthority();
  writeFileSync(caFile, authority.certificatePem);
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Setting {
  readonly anonymous: boolean;
  readonly clientCaFile: string;
}

/** An authenticator with an API server that knows the token `good`. */
function setUp({ anonymous = true, clientCaFile = caFile }: Partial<Setting> = {}) {
  const clock = new FakeClock(Date.UTC(2026, 0, 1));
  let asked = 0;
  const api = {
    ...fakeApi(),
    async create<T>(_path: string, body: unknown): Promise<T> {
      asked += 1;
      const { token } = (body as { spec: { token: string } }).spec;
      const status =
        token === 'good'
          ? { authenticated: true, user: { username: 'system:serviceaccount:a:b', uid: '7', groups: ['accounts'] } }
          : { authenticated: false };
      return { status } as T;
    },
  };
  const authenticate = authenticator({
    clientCaFile: clientCaFile === '' ? undefined : clientCaFile,
    anonymous,
    api,
    tokenCacheMs: 120_000,
    clock,
  });
  return { authenticate, clock, asked: () => asked };
}

const nobody = { name: 'system:anonymous', groups: ['system:unauthenticated'] };
const jane = { name: 'jane', groups: ['dev', 'ops', 'system:authenticated'] };

describe('by certificate', () => {
  test('name and groups are the subject’s', async () => {
    const { authenticate } = setUp();
    expect(await authenticate({ certificate: await certificate(), authorization: undefined })).toEqual(jane);
  });
  test.each<[string, () => Wanted]>([
    ['of another authority with the same name', () => ({ by: stranger })],
    ['meant for servers', () => ({ usages: ['server'] })],
    ['that has ended', () => ({ until: new Date('2025-06-01T00:00:00Z') })],
  ])('one %s is refused, also where anybody is let in', async (_name, wanted) => {
    const { authenticate } = setUp();
    const shown = await certificate(wanted());
    expect(await authenticate({ certificate: shown, authorization: undefined })).toBeUndefined();
  });
  test('beside a bad one, a good token counts', async () => {
    const { authenticate } = setUp();
    const shown = await certificate({ by: stranger });
    expect(await authenticate({ certificate: shown, authorization: 'Bearer good' })).toMatchObject({ uid: '7' });
  });
  test('without authorities, certificates are not looked at', async () => {
    const { authenticate } = setUp({ clientCaFile: '' });
    expect(await authenticate({ certificate: await certificate(), authorization: undefined })).toEqual(nobody);
  });
  test('authorities are read again when their file has changed', async () => {
    const file = join(folder, 'changing.crt');
    writeFileSync(file, stranger.certificatePem);
    utimesSync(file, 1, 1);
    const { authenticate } = setUp({ clientCaFile: file });
    const shown = { certificate: await certificate(), authorization: undefined };
    expect(await authenticate(shown)).toBeUndefined();
    writeFileSync(file, `${stranger.certificatePem}\n${authority.certificatePem}`);
    expect(await authenticate(shown)).toEqual(jane);
  });
});

describe('by token', () => {
  const withToken = (token: string) => ({ certificate: undefined, authorization: `Bearer ${token}` });
  test('the server says who it is', async () => {
    expect(await setUp().authenticate(withToken('good'))).toEqual({
      name: 'system:serviceaccount:a:b',
      uid: '7',
      groups: ['accounts', 'system:authenticated'],
    });
  });
  test('a bad one is refused, also where anybody is let in', async () => {
    expect(await setUp().authenticate(withToken('bad'))).toBeUndefined();
  });
  test.each(['good', 'bad'])('the answer about %s is kept for two minutes', async (token) => {
    const { authenticate, clock, asked } = setUp();
    await authenticate(withToken(token));
    await clock.advance(119_000);
    await authenticate(withToken(token));
    expect(asked()).toBe(1);
    await clock.advance(2000);
    await authenticate(withToken(token));
    expect(asked()).toBe(2);
  });
});

describe('nobody in particular', () => {
  test.each([
    [true, nobody],
    [false, undefined],
  ])('anonymous %s', async (anonymous, expected) => {
    const { authenticate } = setUp({ anonymous });
    expect(await authenticate({ certificate: undefined, authorization: undefined })).toEqual(expected);
  });
});
