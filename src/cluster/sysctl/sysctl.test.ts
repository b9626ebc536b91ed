import { describe, expect, test } from 'vitest';
import { type FakeCommand, fakeEngine } from '../../engine/fake.ts';
import { clusterLabel, roleLabel } from '../labels.ts';
import { proveSysctls } from './change.ts';
import { getSysctls, setSysctls } from './index.ts';

const rpFilter = 'net.ipv4.conf.all.rp_filter';
const somaxconn = 'net.core.somaxconn';

const invalid = { exitCode: 255, stderr: 'sysctl: setting key: Invalid argument' };

/** Nodes that behave as /proc/sys, sysctl and a file do. */
async function aLab(
  refuse: (node: string, pair: string) => boolean = () => false,
  refusal: { readonly exitCode: number; readonly stderr: string } = invalid,
) {
  const kernels = new Map<string, Map<string, string>>();
  const files = new Map<string, string>();
  const command: FakeCommand = (node, argv, input) => {
    const kernel = kernels.get(node) ?? new Map<string, string>();
    if (argv[1] === '-fc') {
      const lines = argv.slice(4).map((path, index) => {
        const value = kernel.get(path.replace('/proc/sys/', '').replaceAll('/', '.'));
        return value === undefined ? '' : `${index} ${value}\n`;
      });
      return lines.join('');
    }
    if (argv[1] === '-aN') return [...kernel.keys()].join('\n');
    if (argv[1] === '-q') {
      for (const pair of argv.slice(3)) {
        if (refuse(node, pair)) return refusal;
        const [name = '', value = ''] = pair.split('=');
        kernel.set(name, value);
      }
      return undefined;
    }
    const script = argv[2] ?? '';
    if (script.startsWith('cat >')) files.set(node, input);
    else if (script.startsWith('rm')) files.delete(node);
    else return files.get(node) ?? '';
    return undefined;
  };
  const engine = fakeEngine({ command });
  for (const [name, role] of [
    ['lab-control-plane', 'control-plane'],
    ['lab-worker', 'worker'],
  ] as const) {
    await engine.runContainer({
      name,
      image: 'x',
      kind: 'machine',
      labels: { [clusterLabel]: 'lab', [roleLabel]: role },
    });
    kernels.set(
      name,
      new Map([
        [rpFilter, '2'],
        [somaxconn, '4096'],
      ]),
    );
  }
  const signal = new AbortController().signal;
  return {
    engine,
    kernels,
    files,
    state: () => JSON.stringify([[...kernels].map(([node, values]) => [node, ...values]), [...files]]),
    set: (assignments: readonly string[], nodes: readonly string[] = []) =>
      setSysctls(engine, { cluster: 'lab', nodes }, assignments, signal),
    get: (names: readonly string[]) => getSysctls(engine, { cluster: 'lab', nodes: [] }, names, signal),
  };
}

test('sets on every node, keeps it, and tells old and new', async () => {
  const { set, kernels, files } = await aLab();
  expect(await set([`${rpFilter}=0`])).toEqual([
    { node: 'lab-control-plane', name: rpFilter, before: '2', after: '0' },
    { node: 'lab-worker', name: rpFilter, before: '2', after: '0' },
  ]);
  expect([...kernels.values()].map((values) => values.get(rpFilter))).toEqual(['0', '0']);
  expect(files.get('lab-worker')).toBe(`# Written by \`klab sysctl set\`.\n${rpFilter} = 0\n`);
});

test('keeps what was set earlier, and one spelling of each', async () => {
  const { set, files } = await aLab();
  await set([`${rpFilter}=0`, `${somaxconn}=10`]);
  await set(['net/ipv4/conf/all/rp_filter=1']);
  expect(files.get('lab-worker')).toBe(`# Written by \`klab sysctl set\`.\n${rpFilter} = 1\n${somaxconn} = 10\n`);
});

test('sets on the named nodes only', async () => {
  const { set, kernels, files } = await aLab();
  await set([`${rpFilter}=0`], ['lab-worker']);
  expect(kernels.get('lab-control-plane')?.get(rpFilter)).toBe('2');
  expect([...files.keys()]).toEqual(['lab-worker']);
});

test('gets what is there, and what set made', async () => {
  const { set, get } = await aLab();
  expect(await get([])).toEqual([]);
  await set([`${rpFilter}=0`]);
  expect(await get([])).toEqual([
    { node: 'lab-control-plane', name: rpFilter, value: '0', kept: '0' },
    { node: 'lab-worker', name: rpFilter, value: '0', kept: '0' },
  ]);
  expect((await get([somaxconn]))[0]).toEqual({ node: 'lab-control-plane', name: somaxconn, value: '4096' });
});

describe('refused, with every node as it was', () => {
  test.each<[string, string[], string[], string, RegExp]>([
    ['no assignment', [rpFilter], [], 'SYSCTL_REFUSED', /is not NAME=VALUE/],
    ['no name', ['=1'], [], 'SYSCTL_REFUSED', /is not NAME=VALUE/],
    ['no value', [`${rpFilter}=`], [], 'SYSCTL_REFUSED', /"" is not a value/],
    ['many', ['net.ipv4.conf.*.rp_filter=0'], [], 'SYSCTL_REFUSED', /one at a time/],
    ["the machine's", ['vm.swappiness=10'], [], 'SYSCTL_REFUSED', /the whole machine's.*would change the host/],
    ["the machine's, after a good one", [`${rpFilter}=0`, 'kernel.panic=1'], [], 'SYSCTL_REFUSED', /kernel\.panic/],
    [
      'a typing error',
      [`${rpFilter}=0`, 'net.core.somaxcon=1'],
      [],
      'SYSCTL_UNKNOWN',
      /no kernel setting net\.core\.somaxcon/,
    ],
    ['a node of another cluster', [`${rpFilter}=0`], ['other-worker'], 'NODE_NOT_FOUND', /other-worker/],
  ])('%s', async (_name, assignments, nodes, code, message) => {
    const { set, state } = await aLab();
    const before = state();
    await expect(set(assignments, nodes)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(state()).toBe(before);
  });

  test('the nearest name is offered', async () => {
    const { set } = await aLab();
    await expect(set(['net.core.somaxcon=1'])).rejects.toMatchObject({
      hint: expect.stringContaining(`did you mean ${somaxconn}?`),
    });
  });

  test('a value that one node does not take', async () => {
    const { set, state } = await aLab((node, pair) => node === 'lab-worker' && pair === `${somaxconn}=x`);
    await set([`${rpFilter}=1`]);
    const before = state();
    await expect(set([`${rpFilter}=0`, `${somaxconn}=x`])).rejects.toMatchObject({
      code: 'SYSCTL_NOT_TAKEN',
      message: `node lab-worker does not take ${somaxconn}=x`,
      output: 'sysctl: setting key: Invalid argument',
    });
    expect(state()).toBe(before);
  });

  test('a setting that a node may only read, of which sysctl says so and exits with 0', async () => {
    const stderr = `sysctl: setting key "${somaxconn}": Operation not permitted`;
    const { set, state } = await aLab((_node, pair) => pair === `${somaxconn}=10`, { exitCode: 0, stderr });
    const before = state();
    await expect(set([`${rpFilter}=0`, `${somaxconn}=10`])).rejects.toMatchObject({
      code: 'SYSCTL_NOT_TAKEN',
      output: stderr,
    });
    expect(state()).toBe(before);
  });

  test('a node that is stopped', async () => {
    const { engine, set, state } = await aLab();
    await engine.stopContainer('lab-worker', 0);
    const before = state();
    await expect(set([`${rpFilter}=0`])).rejects.toMatchObject({ code: 'NODE_NOT_RUNNING' });
    expect(state()).toBe(before);
  });
});

describe('what a node was given at its boot', () => {
  const prove = async (written: Readonly<Record<string, string>>) => {
    const lab = await aLab((_node, pair) => pair === `${somaxconn}=x`);
    await proveSysctls(lab.engine, 'lab-worker', written, new AbortController().signal);
    return lab;
  };

  test('is as it should be, and what `set` keeps is not touched', async () => {
    const { kernels, files } = await prove({ 'net/core/somaxconn': '10' });
    expect(kernels.get('lab-worker')?.get(somaxconn)).toBe('10');
    expect(files.size).toBe(0);
  });

  test.each<[string, Record<string, string>, string]>([
    ['a setting that the kernel does not have', { 'net.core.somaxcon': '1' }, 'SYSCTL_UNKNOWN'],
    ['a value that it does not take', { [somaxconn]: 'x' }, 'SYSCTL_NOT_TAKEN'],
  ])('%s is an error', async (_name, written, code) => {
    await expect(prove(written)).rejects.toMatchObject({ code });
  });
});
