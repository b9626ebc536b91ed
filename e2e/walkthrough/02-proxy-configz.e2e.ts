import { beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, useCluster } from '../harness/cluster.ts';

let cluster: Cluster;
let raw: (path: string) => Promise<string>;
beforeAll(async () => {
  cluster = await useCluster('noCni');
  raw = (path) => cluster.kubectl(['get', '--raw', `/api/v1/nodes/${cluster.name}-worker/proxy/${path}`]);
});

describe('through the API server’s node proxy', () => {
  test('healthz', async () => expect(await raw('healthz')).toBe('ok'));

  test('metrics, as Prometheus reads them', async () => {
    const metrics = await raw('metrics');
    expect(metrics).toMatch(/^# TYPE kubelet_pleg_relist_duration_seconds histogram$/m);
    expect(metrics).toMatch(/^kubelet_pod_worker_duration_seconds_count\{operation_type="sync"\} [1-9]/m);
    expect(metrics).toContain(`kubelet_node_name{node="${cluster.name}-worker"} 1`);
  });

  test('how many pods run', async () => {
    expect(await raw('metrics')).toMatch(/^kubelet_running_pods [1-9]\d*$/m);
  });

  test('its pods', async () => {
    const { items } = JSON.parse(await raw('pods')) as { items: { metadata: { name: string } }[] };
    expect(items.map(({ metadata }) => metadata.name)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^kube-proxy-/)]),
    );
  });

  test('its stats', async () => {
    expect(JSON.parse(await raw('stats/summary'))).toMatchObject({ node: { nodeName: `${cluster.name}-worker` } });
  });

  test('configz is the whole configuration in force', async () => {
    const { kubeletconfig } = JSON.parse(await raw('configz')) as { kubeletconfig: Record<string, unknown> };
    expect(kubeletconfig).toMatchObject({
      staticPodPath: '/etc/kubernetes/manifests',
      syncFrequency: '1m0s',
      fileCheckFrequency: '20s',
      httpCheckFrequency: '20s',
      address: '0.0.0.0',
      port: 10250,
      tlsCertFile: '/var/lib/kubelet/pki/kubelet.crt',
      tlsPrivateKeyFile: '/var/lib/kubelet/pki/kubelet.key',
      rotateCertificates: true,
      authentication: {
        x509: { clientCAFile: '/etc/kubernetes/pki/ca.crt' },
        webhook: { enabled: true, cacheTTL: '2m0s' },
        anonymous: { enabled: false },
      },
      authorization: { mode: 'Webhook', webhook: { cacheAuthorizedTTL: '5m0s', cacheUnauthorizedTTL: '30s' } },
    });
    expect(Object.keys(kubeletconfig).length).toBeGreaterThan(70);
  });
});

describe('the kubelet’s own port', () => {
  test('nobody without a name gets in', async () => {
    const code = await cluster.onNode(`${cluster.name}-worker`, [
      'curl',
      '-sko',
      '/dev/null',
      '-w',
      '%{http_code}',
      'https://localhost:10250/pods',
    ]);
    expect(code).toBe('401');
  });

  test('the serving certificate is self-signed and names the node', async () => {
    const subject = await cluster.onNode(`${cluster.name}-worker`, [
      'openssl',
      'x509',
      '-in',
      '/var/lib/kubelet/pki/kubelet.crt',
      '-noout',
      '-subject',
      '-issuer',
    ]);
    const [, name] = /^subject=CN ?= ?(.*)$/m.exec(subject) ?? [];
    expect(name).toMatch(new RegExp(`^${cluster.name}-worker@\\d+$`));
    expect(subject).toMatch(new RegExp(`^issuer=CN ?= ?${name}$`, 'm'));
  });
});
