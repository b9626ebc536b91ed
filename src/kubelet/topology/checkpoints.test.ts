import { expect, test } from 'vitest';
import { parseCpuCheckpoint, renderCpuCheckpoint } from './cpu/checkpoint.ts';
import { parseCpuSet } from './cpu/cpu-set.ts';
import { parseMemoryCheckpoint, renderMemoryCheckpoint } from './memory/checkpoint.ts';

// Both files as upstream's kubelet 1.37.2 wrote them on a node without policies.
const upstreamCpu =
  '{"policyName":"none","defaultCpuSet":"","checksum":1353318690,"data":"{\\"policyName\\":\\"none\\",\\"defaultCpuSet\\":\\"\\"}","dataChecksum":3028111495}';
const upstreamMemory =
  '{"policyName":"None","machineState":{},"checksum":4236770233,"data":"{\\"policyName\\":\\"None\\",\\"machineState\\":{}}","dataChecksum":3093843326}';

const cpu = {
  policy: 'static',
  state: { shared: parseCpuSet('0,3'), assigned: new Map([['uid', new Map([['main', parseCpuSet('1-2')]])]]) },
};
const table = { total: 100, systemReserved: 10, allocatable: 90, reserved: 30, free: 60 };
const memory = {
  policy: 'Static',
  state: {
    nodes: new Map([[0, { assignments: 1, tables: new Map([['memory', table]]), cells: [0] }]]),
    held: new Map([['uid', new Map([['main', [{ nodes: [0], resource: 'memory', bytes: 30 }]]])]]),
  },
};

test('empty states are written as upstream writes them', () => {
  expect(renderCpuCheckpoint({ policy: 'none', state: { shared: new Set(), assigned: new Map() } })).toBe(upstreamCpu);
  expect(renderMemoryCheckpoint({ policy: 'None', state: { nodes: new Map(), held: new Map() } })).toBe(upstreamMemory);
});
test('what was written is read again', () => {
  expect(parseCpuCheckpoint(renderCpuCheckpoint(cpu))).toEqual(cpu);
  expect(parseMemoryCheckpoint(renderMemoryCheckpoint(memory))).toEqual(memory);
});
test('the checksum of the old form of a state with entries', () => {
  const state = {
    shared: parseCpuSet('7-9'),
    assigned: new Map([
      [
        'pod',
        new Map([
          ['container1', parseCpuSet('4-6')],
          ['container2', parseCpuSet('1-3')],
        ]),
      ],
    ]),
  };
  expect(JSON.parse(renderCpuCheckpoint({ policy: 'static', state })).checksum).toBe(964019483);
});
test('an older file of CPUs, which has no data part, is read', () => {
  const { data: _, dataChecksum: __, ...old } = JSON.parse(renderCpuCheckpoint(cpu));
  expect(parseCpuCheckpoint(JSON.stringify(old))).toEqual(cpu);
  expect(() => parseCpuCheckpoint(JSON.stringify({ ...old, checksum: 7 }))).toThrow('corrupted');
});
test.each([
  ['CPUs', () => parseCpuCheckpoint(upstreamCpu.replace('3028111495', '1'))],
  ['memory', () => parseMemoryCheckpoint(upstreamMemory.replace('3093843326', '1'))],
])('a file of %s with another checksum is refused', (_name, parse) => expect(parse).toThrow('corrupted'));
