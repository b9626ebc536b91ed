import { crc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { parseClaims, renderClaims } from './checkpoint.ts';
import { parseHealth, renderHealth } from './health.ts';

const data =
  '{"kind":"DRACheckpoint","apiVersion":"checkpoint.dra.kubelet.k8s.io/v1","ClaimInfoStateList":[{"ClaimUID":"c1","ClaimName":"gpu","Namespace":"shop","PodUIDs":{"u1":{},"u2":{}},"DriverState":{"gpu.x.io":{"Devices":[{"PoolName":"worker","DeviceName":"gpu-0","ShareID":null,"RequestNames":["main"],"CDIDeviceIDs":["x.io/gpu=0"]}]},"nic.x.io":{"Devices":[{"PoolName":"worker","DeviceName":"nic-0","ShareID":"s1","RequestNames":[],"CDIDeviceIDs":[]}]}}}]}';
/** CRC-32 of the text above, as Python's zlib has it. */
const file = JSON.stringify({ Data: data, Checksum: 2282368183 });

const claim = {
  uid: 'c1',
  name: 'gpu',
  namespace: 'shop',
  podUids: new Set(['u1', 'u2']),
  drivers: new Map([
    ['gpu.x.io', [{ pool: 'worker', device: 'gpu-0', shareId: undefined, requests: ['main'], cdiIds: ['x.io/gpu=0'] }]],
    ['nic.x.io', [{ pool: 'worker', device: 'nic-0', shareId: 's1', requests: [], cdiIds: [] }]],
  ]),
};

describe('the file of claims', () => {
  test('it is read', () => expect(parseClaims(file)).toEqual([claim]));
  test('it is written', () => expect(renderClaims([claim])).toBe(file));
  test('Go’s null stands for nothing', () => {
    const nulls = data.replaceAll('[]', 'null');
    expect(parseClaims(JSON.stringify({ Data: nulls, Checksum: crc32(nulls) }))).toEqual([claim]);
  });
  test('nothing is in it', () => expect(parseClaims(renderClaims([]))).toEqual([]));
  test.each([
    ['nothing', ''],
    ['no file of this kind', '{}'],
    ['another checksum', file.replace(/"Checksum":\d+/, '"Checksum":1')],
    ['another content', file.replace('gpu-0', 'gpu-1')],
  ])('%s is refused', (_name, text) => expect(() => parseClaims(text)).toThrow());
});

describe('the file of health', () => {
  const text =
    '{"d.io":{"Devices":{"p/x":{"PoolName":"p","DeviceName":"x","Health":"Unhealthy","LastUpdated":"2026-01-01T00:00:00.000Z","HealthCheckTimeout":30000000000,"Message":"hot"}}}}';
  test('what is read is written', () => expect(renderHealth(parseHealth(text))).toBe(text));
  test('Go’s times are read', () => {
    const go = text.replace('00:00.000Z', '00:00.123456789+01:00');
    expect(parseHealth(go).get('d.io')?.get('p/x')?.at).toBe(Date.UTC(2025, 11, 31, 23, 0, 0, 123));
  });
  test('another kind of file is refused', () => expect(() => parseHealth('{"d.io":{}}')).toThrow());
});
