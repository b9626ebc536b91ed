import { expect, test } from 'vitest';
import { serverUrl } from './server-url.ts';

test.each([
  ['127.0.0.1', 'https://127.0.0.1:7443'],
  ['0.0.0.0', 'https://127.0.0.1:7443'],
  ['::', 'https://[::1]:7443'],
  ['10.0.0.9', 'https://10.0.0.9:7443'],
])('published on %s: %s', (hostAddress, expected) => {
  const other = { containerPort: 80, protocol: 'tcp', hostAddress: '127.0.0.1', hostPort: 1 } as const;
  expect(serverUrl([other, { containerPort: 6443, protocol: 'tcp', hostAddress, hostPort: 7443 }])).toBe(expected);
});
