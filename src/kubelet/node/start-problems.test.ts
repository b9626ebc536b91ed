import { expect, test } from 'vitest';
import { type StartInput, startProblems } from './start-problems.ts';

const webhook = { enabled: true, cacheTTL: '2m0s' };
const fine: StartInput = {
  nodeName: 'n1',
  nodeLabels: { tier: 'a' },
  standalone: false,
  swapBytes: 0,
  cgroupVersion: 2,
  config: {
    failSwapOn: true,
    failCgroupV1: true,
    authentication: { x509: {}, webhook, anonymous: { enabled: false } },
    authorization: { mode: 'Webhook', webhook: { cacheAuthorizedTTL: '5m0s', cacheUnauthorizedTTL: '30s' } },
  },
};
const off = {
  ...fine.config,
  failSwapOn: false,
  failCgroupV1: false,
  authentication: { ...fine.config.authentication, webhook: { ...webhook, enabled: false } },
  authorization: { ...fine.config.authorization, mode: 'AlwaysAllow' as const },
};

test.each<[string, Partial<StartInput>, readonly RegExp[]]>([
  ['all is well', {}, []],
  ['no name', { nodeName: '' }, [/--hostname-override/]],
  [
    'labels a kubelet may not set',
    { nodeLabels: { 'node-role.kubernetes.io/x': '' } },
    [/node-role\.kubernetes\.io\/x/],
  ],
  ['a label that cannot be one', { nodeLabels: { x: 'y=z' } }, [/invalid node labels: x=y=z/]],
  ['a label whose key cannot be one', { nodeLabels: { 'a b': '' } }, [/invalid node labels: a b=/]],
  ['swap', { swapBytes: 1 }, [/failSwapOn/]],
  ['swap that may be', { swapBytes: 1, config: off }, []],
  ['cgroup v1', { cgroupVersion: 1 }, [/failCgroupV1/]],
  ['cgroup v1 that may be', { cgroupVersion: 1, config: off }, []],
  ['webhooks without an API server', { standalone: true }, [/authenticate/, /authorize/]],
  ['standalone without webhooks', { standalone: true, config: off }, []],
])('%s', (_name, more, expected) => {
  const problems = startProblems({ ...fine, ...more });
  expect(problems).toHaveLength(expected.length);
  for (const [i, pattern] of expected.entries()) expect(problems[i]).toMatch(pattern);
});
