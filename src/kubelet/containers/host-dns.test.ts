import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { memoryJournal } from '../../journal/journal.ts';
import { aPod } from '../test-builders.ts';
import { checkHostDns } from './host-dns.ts';
import { sandboxRenderer } from './sandbox-renderer.ts';

const folder = await mkdtemp(join(tmpdir(), 'klab-dns-'));
afterAll(() => rm(folder, { recursive: true }));
const path = join(folder, 'resolv.conf');

async function check(resolvConf: string): Promise<readonly unknown[]> {
  const journal = memoryJournal();
  await checkHostDns({ journal, nodeName: 'n1', resolvConf, clusterDomain: 'cluster.local' });
  return journal.records;
}

test('the node says once that its search domains are too many for pods', async () => {
  await writeFile(path, `search ${Array.from({ length: 30 }, (_, i) => `s${i}`).join(' ')}\n`);
  const message = `Resolv.conf file '${path}' contains search line consisting of more than 29 domains!`;
  expect(await check(path)).toEqual([{ kind: 'node.dnsLimited', node: 'n1', message }]);
});

test('and that the file cannot be read; but nothing when there is to be none, or all is well', async () => {
  await writeFile(path, 'search a b\n');
  expect(await check(path)).toEqual([]);
  expect(await check('')).toEqual([]);
  expect(await check(join(folder, 'gone'))).toMatchObject([{ kind: 'node.dnsLimited' }]);
});

test('a pod that wants a cluster DNS where there is none: said on the node and on the pod', async () => {
  const journal = memoryJournal();
  const render = sandboxRenderer({
    journal,
    nodeName: 'n1',
    logsRoot: folder,
    resolvConf: '',
    clusterDns: [],
    clusterDomain: 'cluster.local',
    cgroupParent: () => '',
    cfsQuota: true,
    cfsPeriodMicros: 100_000,
  });
  await render(aPod({ dnsPolicy: 'ClusterFirstWithHostNet' }, { name: 'p', namespace: 'ns', uid: 'u' }), 0);
  const message =
    'kubelet does not have ClusterDNS IP configured and cannot create Pod using "ClusterFirst" policy. Falling back to "Default" policy.';
  expect(journal.records).toMatchObject([
    { kind: 'node.dnsMissing', node: 'n1', message },
    { kind: 'pod.dnsMissing', object: { name: 'p' }, message: `pod: "p_ns(u)". ${message}` },
  ]);
});
