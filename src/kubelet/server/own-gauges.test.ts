import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Pod } from '../../api/types.ts';
import { FakeClock } from '../../base/clock.ts';
import { createMetrics } from '../../journal/metrics.ts';
import { anAuthority } from '../certificates/testing.ts';
import { aContainer, aPod } from '../test-builders.ts';
import { ownGauges } from './own-gauges.ts';

const folder = mkdtempSync(join(tmpdir(), 'klab-gauges-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('what the kubelet tells of itself', async () => {
  writeFileSync(join(folder, 'client.pem'), (await anAuthority()).certificatePem);
  const { meters, all } = createMetrics();
  const volumes = [
    { name: 'a', emptyDir: {} },
    { name: 'b', configMap: { name: 'c' } },
    { name: 'd', emptyDir: {} },
  ];
  const pods = new Map<string, Pod>([['a', aPod({ containers: [aContainer('main')], volumes })]]);
  const phases = new Map<string, 'syncing' | 'terminating'>([
    ['a', 'syncing'],
    ['gone', 'terminating'],
  ]);
  const gauges = ownGauges({
    meters,
    clock: new FakeClock(Date.UTC(2039, 11, 31, 23, 59)),
    version: 'v1.37.2',
    features: [
      { name: 'On', stage: 'BETA', enabled: true },
      { name: 'Off', stage: '', enabled: false },
    ],
    cgroupVersion: 2,
    workers: { uids: () => [...phases.keys()], phaseOf: (uid) => phases.get(uid) },
    podByUid: (uid) => pods.get(uid),
    certificates: { client: join(folder, 'client.pem'), server: join(folder, 'none.pem') },
  });
  gauges();
  const text = await all();
  for (const line of [
    /^kubernetes_build_info\{git_version="v1\.37\.2",major="1",minor="37",platform="linux\/\w+"\} 1$/m,
    /^kubernetes_feature_enabled\{name="On",stage="BETA"\} 1$/m,
    /^kubernetes_feature_enabled\{name="Off",stage=""\} 0$/m,
    /^kubelet_cgroup_version 2$/m,
    /^kubelet_working_pods\{lifecycle="sync",config="desired",static=""\} 1$/m,
    /^kubelet_working_pods\{lifecycle="terminating",config="orphan",static=""\} 1$/m,
    /^volume_manager_total_volumes\{plugin_name="kubernetes\.io\/empty-dir",state="desired_state_of_world"\} 2$/m,
    /^volume_manager_total_volumes\{plugin_name="kubernetes\.io\/configmap",state="desired_state_of_world"\} 1$/m,
    /^kubelet_certificate_manager_client_ttl_seconds 60$/m,
  ])
    expect(text).toMatch(line);
  expect(text).not.toContain('kubelet_certificate_manager_server_ttl_seconds');

  phases.delete('gone');
  gauges();
  expect(await all()).toMatch(/^kubelet_working_pods\{lifecycle="terminating",config="orphan",static=""\} 0$/m);
});
