import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Pod } from '../../api/types.ts';
import { computeNestedMounts } from './nested-mounts.ts';
import { setUpPayload } from './payload-volume.ts';

const aPod = (...mounts: readonly (readonly [name: string, path: string])[]): Pod => ({
  metadata: { name: 'p', namespace: 'ns', uid: 'u' },
  spec: { containers: [{ name: 'c', volumeMounts: mounts.map(([name, mountPath]) => ({ name, mountPath })) }] },
});

describe('computeNestedMounts', () => {
  test.each<[string, Pod, readonly string[]]>([
    ['nothing below', aPod(['v', '/etc/app'], ['w', '/etc/application']), []],
    ['a volume below', aPod(['v', '/etc/app'], ['w', '/etc/app/keys']), ['keys']],
    ['however it is written', aPod(['v', '/etc/app/'], ['w', '/etc//app/./keys/']), ['keys']],
    ['two levels down', aPod(['v', '/etc/app'], ['w', '/etc/app/a/b']), ['a/b']],
    ['not what is below that one', aPod(['v', '/d'], ['w', '/d/n'], ['x', '/d/n/m'], ['y', '/d/n.v']), ['n', 'n.v']],
    ['wherever it is mounted', aPod(['v', '/a'], ['v', '/b'], ['w', '/b/x'], ['w', '/a/y']), ['y', 'x']],
  ])('%s', (_name, pod, paths) => expect(computeNestedMounts(pod, 'v')).toEqual(paths));
});

describe('a volume of files with another volume below', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'klab-nested-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('has a folder for it, which stays when its own files change', async () => {
    let data: Record<string, string> = { a: '1', b: '1' };
    const setUp = () =>
      setUpPayload(aPod(['v', '/etc/app'], ['w', '/etc/app/keys']), { name: 'v', configMap: { name: 'cm' } }, folder, {
        now: new Date(0),
        inMemory: false,
        mounts: undefined as never,
        resourceDefaults: () => ({}) as never,
        hostIps: () => [],
        trustAnchors: undefined,
        podCertificates: undefined,
        objects: { configMap: async () => ({ data, binaryData: {} }) } as never,
      });
    await setUp();
    expect(statSync(join(folder, 'keys')).isDirectory()).toBe(true);
    data = { a: '2' };
    await setUp();
    expect(readdirSync(folder).filter((name) => !name.startsWith('..'))).toEqual(['a', 'keys']);
  });
});
