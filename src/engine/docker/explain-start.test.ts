import { expect, test } from 'vitest';
import { explainStart } from './explain-start.ts';

const spec = { name: 'lab-worker', image: 'klab/node', kind: 'machine', ipv4Address: '172.18.0.3' } as const;

test.each([
  [
    'a port that another container publishes',
    'driver failed programming external connectivity on endpoint x: Bind for 127.0.0.1:8080 failed: port is already allocated',
    500,
    'PORT_BUSY',
    '127.0.0.1:8080',
  ],
  [
    'a port that a program of the host listens on',
    'Error starting userland proxy: listen tcp4 0.0.0.0:80: bind: address already in use',
    500,
    'PORT_BUSY',
    '0.0.0.0:80',
  ],
  ['an address of another container', 'Address already in use', 403, 'ADDRESS_IN_USE', '172.18.0.3'],
  [
    'a name that is taken',
    'Conflict. The container name "/lab-worker" is already in use by container "f00"',
    409,
    'CONTAINER_EXISTS',
    'lab-worker',
  ],
  [
    'a mount without a source',
    'invalid mount config for type "bind": bind source path does not exist: /no/such',
    400,
    'MOUNT_MISSING',
    '/no/such',
  ],
  ['anything else', 'no space left on device', 500, 'ENGINE_FAILED', 'no space left on device'],
])('%s', (_name, message, statusCode, code, named) => {
  const error = explainStart(spec, Object.assign(new Error(message), { statusCode }));
  expect(error.code).toBe(code);
  expect(error.message).toContain(named);
});
