import { expect, test } from 'vitest';
import { errorField, memberField, message, replyToField, signatureField, string } from './fake-messages.ts';
import { decodeMessage, encodeCall } from './wire.ts';

const hex = (bytes: Buffer): string => bytes.toString('hex');

test('a call names its member, its arguments’ types and where each begins', () => {
  const call = encodeCall(7, 'SetUnitProperties', [
    { type: 's', value: 'a.slice' },
    { type: 'b', value: true },
    {
      type: 'a(sv)',
      value: [
        { name: 'CPUWeight', type: 't', value: 8n },
        { name: 'Wants', type: 'as', value: ['b.slice'] },
      ],
    },
  ]);
  expect(call.readUInt32LE(8)).toBe(7);
  const bodyLength = call.readUInt32LE(4);
  expect((call.length - bodyLength) % 8).toBe(0);
  expect(call.toString('latin1')).toContain('sba(sv)');
  const body = call.subarray(call.length - bodyLength);
  expect(hex(body.subarray(0, 16))).toBe('07000000612e736c69636500' + '01000000');
  // The array's length does not count what aligns its first element.
  expect(body.readUInt32LE(16)).toBe(body.length - 24);
  expect(hex(body.subarray(24, 38))).toBe('0900000043505557656967687400');
  expect(hex(body.subarray(38, 41))).toBe('017400');
  expect(body.readBigUInt64LE(48)).toBe(8n);
  expect(body.subarray(56).toString('latin1')).toContain('Wants');
});

test.each<[string, Buffer, object]>([
  [
    'an answer with a job',
    message(2, [replyToField(3), signatureField('o')], string('/job/1')),
    { kind: 'reply', to: 3, body: ['/job/1'] },
  ],
  [
    'an error',
    message(3, [errorField('org.x.NoSuchUnit'), replyToField(4), signatureField('s')], string('Unit a not loaded.')),
    { kind: 'error', to: 4, name: 'org.x.NoSuchUnit', body: ['Unit a not loaded.'] },
  ],
  ['a signal of no content', message(4, [memberField('Reloading')]), { kind: 'signal', member: 'Reloading', body: [] }],
  [
    'an array is not looked into',
    message(4, [memberField('X'), signatureField('as')], Buffer.alloc(4)),
    { kind: 'signal', member: 'X', body: [] },
  ],
  ['a call of ours', message(1, [memberField('Ping')]), { kind: 'other' }],
])('%s', (_name, bytes, expected) => {
  expect(decodeMessage(Buffer.concat([bytes, Buffer.from('next')]))).toEqual({
    message: expected,
    length: bytes.length,
  });
  expect(decodeMessage(bytes.subarray(0, -1))).toBeUndefined();
});

test('other bytes are refused', () => {
  expect(() => decodeMessage(Buffer.alloc(16, 1))).toThrow('no D-Bus message');
});
