import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { chooseHostPorts } from './free-ports.ts';

const wanted = { containerPort: 80, protocol: 'tcp', hostAddress: '127.0.0.1' } as const;

test('0 becomes a port that can be used, a different one each', async () => {
  const ports = await chooseHostPorts([
    { ...wanted, hostPort: 0 },
    { ...wanted, hostPort: 0 },
    { ...wanted, protocol: 'udp', hostPort: 0 },
  ]);
  const [first, second, third] = ports.map(({ hostPort }) => hostPort);
  expect(first).toBeGreaterThan(1023);
  expect(third).toBeGreaterThan(1023);
  expect(first).not.toBe(second);
  const server = createServer().listen(first, '127.0.0.1');
  await once(server, 'listening');
  server.close();
});

test.each([
  ['a port that is named stays', { ...wanted, hostPort: 8080 }, 8080],
  ['-1 leaves it to the engine', { ...wanted, hostPort: -1 }, 0],
  ['so does an address of another machine', { ...wanted, hostAddress: '192.0.2.1', hostPort: 0 }, 0],
  ['and a protocol that cannot be tried', { ...wanted, protocol: 'sctp' as const, hostPort: 0 }, 0],
])('%s', async (_name, port, expected) => {
  expect((await chooseHostPorts([port]))[0]?.hostPort).toBe(expected);
});
