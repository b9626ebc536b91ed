import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { errorField, memberField, message, replyToField, signatureField, string, u32 } from './fake-messages.ts';
import { systemdUnits } from './index.ts';

/** A systemd that answers as the test says, over its socket. */
const folder = mkdtempSync(join(tmpdir(), 'systemd-units-'));
const path = join(folder, 'private');
let server: Server;
let heard: string[];
let answer: (member: string, serial: number, peer: Socket) => void;
const peers = new Set<Socket>();

beforeEach(async () => {
  heard = [];
  server = createServer((peer) => {
    peers.add(peer);
    let greeted = false;
    peer.on('data', (bytes: Buffer) => {
      let rest = bytes;
      if (!greeted) {
        greeted = true;
        peer.write('OK 0123\r\n');
        rest = bytes.subarray(bytes.indexOf('BEGIN\r\n') + 7);
      }
      while (rest.length > 0) {
        const headerEnd = Math.ceil((16 + rest.readUInt32LE(12)) / 8) * 8;
        const member = /(Subscribe|StartTransientUnit|SetUnitProperties|StopUnit)/.exec(
          rest.toString('latin1', 0, headerEnd),
        );
        heard.push(member?.[1] ?? '?');
        answer(member?.[1] ?? '?', rest.readUInt32LE(8), peer);
        rest = rest.subarray(headerEnd + rest.readUInt32LE(4));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
});
afterEach(async () => {
  for (const peer of peers) peer.destroy();
  await new Promise((resolve) => server.close(resolve));
  rmSync(path, { force: true });
});

const reply = (serial: number): Buffer => message(2, [replyToField(serial), signatureField('o')], string('/job/1'));
const refusal = (serial: number, name: string): Buffer =>
  message(
    3,
    [errorField(`org.freedesktop.systemd1.${name}`), replyToField(serial), signatureField('s')],
    string('because'),
  );
const jobEnded = (result: string): Buffer =>
  message(
    4,
    [memberField('JobRemoved'), signatureField('uoss')],
    Buffer.concat([u32(1), string('/job/1'), string('a.slice'), string(result)]),
  );

test.each<[string, (serial: number) => Buffer[]]>([
  ['after the answer', (serial) => [reply(serial), jobEnded('done')]],
  ['before the answer', (serial) => [jobEnded('done'), reply(serial)]],
])('a unit has started when its job has ended, told %s', async (_name, answers) => {
  answer = (member, serial, peer) => {
    if (member !== 'Subscribe') for (const bytes of answers(serial)) peer.write(bytes);
  };
  await systemdUnits(path).start('a.slice', [{ name: 'TasksMax', type: 't', value: 5n }]);
  expect(heard).toEqual(['Subscribe', 'StartTransientUnit']);
});

test('a unit that is there already is fine, and one that is not need not be stopped', async () => {
  answer = (member, serial, peer) => {
    if (member !== 'Subscribe') peer.write(refusal(serial, member === 'StopUnit' ? 'NoSuchUnit' : 'UnitExists'));
  };
  const units = systemdUnits(path);
  await units.start('a.slice', []);
  await units.stop('a.slice');
});

test('what else is refused says why', async () => {
  answer = (_member, serial, peer) => peer.write(refusal(serial, 'InvalidName'));
  await expect(systemdUnits(path).set('a.slice', [])).rejects.toThrow('systemd refused SetUnitProperties: because');
});

test('a job that fails says where to look', async () => {
  answer = (member, serial, peer) => {
    if (member !== 'Subscribe') peer.write(Buffer.concat([reply(serial), jobEnded('failed')]));
  };
  await expect(systemdUnits(path).start('a.slice', [])).rejects.toThrow('ended as failed; see: journalctl -u a.slice');
});

test('when systemd goes while a job is awaited, the wait ends, and the next call connects anew', async () => {
  answer = (member, serial, peer) => {
    if (member === 'StartTransientUnit') peer.end(reply(serial));
    else if (member === 'SetUnitProperties') peer.write(message(2, [replyToField(serial)]));
  };
  const units = systemdUnits(path);
  await expect(units.start('a.slice', [])).rejects.toThrow('closed the connection');
  await units.set('a.slice', []);
  expect(heard).toEqual(['Subscribe', 'StartTransientUnit', 'Subscribe', 'SetUnitProperties']);
});

test('no systemd: the call says so', async () => {
  await expect(systemdUnits(join(folder, 'none')).stop('a.slice')).rejects.toThrow('ENOENT');
});
