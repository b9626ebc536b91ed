import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { renderConfigurationForLog, renderConfigz } from './configz.ts';
import { computeConfiguration } from './load.ts';

const configz = (file: object): Record<string, unknown> =>
  JSON.parse(renderConfigz(computeConfiguration({ ...file }, new Map()))).kubeletconfig;

test('the defaults show as an upstream kubelet shows them', () => {
  // What kubelet v1.37.2 answered with this file.
  const upstream = JSON.parse(readFileSync(join(import.meta.dirname, 'testdata/configz-v1.37.2.json'), 'utf8'));
  const file = {
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: 'AlwaysAllow' },
    failCgroupV1: false,
    failSwapOn: false,
    cgroupRoot: '/kubelet',
    staticPodPath: '/tmp/manifests',
    tlsCertFile: '/var/lib/kubelet/pki/kubelet.crt',
    tlsPrivateKeyFile: '/var/lib/kubelet/pki/kubelet.key',
  };
  expect({ kubeletconfig: configz(file) }).toEqual(upstream);
});

test('what the study notes look at', () =>
  expect(
    configz({
      staticPodPath: '/etc/kubernetes/manifests',
      rotateCertificates: true,
      authentication: { x509: { clientCAFile: '/etc/kubernetes/pki/ca.crt' } },
    }),
  ).toMatchObject({
    staticPodPath: '/etc/kubernetes/manifests',
    syncFrequency: '1m0s',
    fileCheckFrequency: '20s',
    httpCheckFrequency: '20s',
    address: '0.0.0.0',
    port: 10250,
    rotateCertificates: true,
    authentication: {
      x509: { clientCAFile: '/etc/kubernetes/pki/ca.crt' },
      webhook: { enabled: true, cacheTTL: '2m0s' },
      anonymous: { enabled: false },
    },
    authorization: { mode: 'Webhook', webhook: { cacheAuthorizedTTL: '5m0s', cacheUnauthorizedTTL: '30s' } },
  }));

test.each([
  [
    'an unset boolean',
    { rotateCertificates: false, protectKernelDefaults: false },
    ['rotateCertificates', 'protectKernelDefaults'],
  ],
  ['a port of 0', { readOnlyPort: 0 }, ['readOnlyPort']],
  [
    'empty texts, lists and maps',
    { cgroupRoot: '', clusterDNS: [], evictionHard: {} },
    ['cgroupRoot', 'clusterDNS', 'evictionHard'],
  ],
])('%s does not show', (_name, file, fields) => {
  for (const field of fields) expect(configz(file)).not.toHaveProperty(field);
});

test('the log shows the configuration, but not what headers hold', () => {
  const text = renderConfigurationForLog(
    computeConfiguration({ eventBurst: 101, staticPodURLHeader: { Authorization: ['secret'] } }, new Map()),
  );
  expect(text).toMatch(/^kind: KubeletConfiguration$/m);
  expect(text).toMatch(/^eventBurst: 101$/m);
  expect(text).toMatch(/^staticPodURLHeader:\n {2}Authorization:\n {4}- <masked>$/m);
  expect(text).not.toContain('secret');
});
