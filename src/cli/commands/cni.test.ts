import { describe, expect, test } from 'vitest';
import { KlabError } from '../../base/errors.ts';
import { FakeUseCases, runLine } from '../fake.ts';

describe('cni apply', () => {
  test.each([
    ['calico', { kind: 'calico', manifest: undefined }],
    ['calico --manifest my.yaml', { kind: 'calico', manifest: 'my.yaml' }],
    ['calico --manifest -', { kind: 'calico', manifest: '-' }],
    ['default', { kind: 'default' }],
    ['-', { kind: 'manifest', source: '-' }],
    ['https://a.example/x.yaml', { kind: 'manifest', source: 'https://a.example/x.yaml' }],
  ])('klab cni apply %s', async (args, request) => {
    const useCases = new FakeUseCases();
    const { exitCode, stdout, stderr } = await runLine(`cni apply ${args} --name lab`, { useCases });
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' });
    expect(useCases.appliedCnis).toEqual([
      expect.objectContaining({
        cluster: 'lab',
        request,
        encapsulation: 'auto',
        sha256: undefined,
        dryRun: false,
        waitMs: 300_000,
        retain: false,
        cwd: '/here',
      }),
    ]);
    expect(stderr).toContain('Installed');
  });

  test('--dry-run: the diff is the result, what it means is talk', async () => {
    const { stdout, stderr } = await runLine('cni apply calico --dry-run --encapsulation vxlan');
    expect(stdout).toBe('--- a\n+++ b\n');
    expect(stderr).toContain('Would apply calico from calico.yaml: 3 objects, for klab-control-plane');
    expect(stderr).toContain('vxlan between nodes: it was asked for');
    expect(stderr).toContain('sysctls: net.ipv4.conf.all.rp_filter=0');
  });

  test('-o json', async () => {
    const { stdout } = await runLine('cni apply calico -o json');
    expect(JSON.parse(stdout)).toMatchObject({ network: 'calico', objects: 3 });
  });

  test.each([
    ['no network', 'cni apply', /NETWORK/],
    ['two', 'cni apply calico default', /./],
    ['a manifest for another', 'cni apply default --manifest x', /--manifest is for calico/],
    ['a tunnel for klab’s own', 'cni apply default --encapsulation vxlan', /has no --encapsulation/],
    ['a tunnel that there is not', 'cni apply calico --encapsulation gre', /auto or ipip or vxlan or none/],
    ['a time that is none', 'cni apply calico --wait soon', /not a duration/],
  ])('%s', async (_name, line, message) => {
    const useCases = new FakeUseCases();
    const { exitCode, stderr } = await runLine(line, { useCases });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(message);
    expect(useCases.appliedCnis).toEqual([]);
  });

  test('a failure is told, with what to type', async () => {
    const useCases = new FakeUseCases();
    useCases.failure = new KlabError('CNI_IMAGE_NOT_PULLED', 'node a cannot pull b', {
      hint: '`klab load docker-image b`',
    });
    const { exitCode, stderr } = await runLine('cni apply calico', { useCases });
    expect(exitCode).toBe(1);
    expect(stderr).toContain('klab load docker-image b');
  });
});

test('cni status: a line a node, and why it is not Ready', async () => {
  const useCases = new FakeUseCases();
  useCases.cni = {
    cluster: 'lab',
    networks: [{ name: 'calico', source: 'calico.yaml', image: 'quay.io/calico/node:v1' }],
    nodes: [
      {
        node: 'lab-control-plane',
        ready: true,
        config: { file: '10-calico.conflist', network: 'k8s-pod-network', plugins: ['calico', 'calico-ipam'] },
        ignored: ['87-other.conf'],
        missingBinaries: [],
        why: '',
      },
      { node: 'lab-worker', ready: false, config: undefined, ignored: [], missingBinaries: [], why: 'no network' },
    ],
  };
  const { stdout } = await runLine('cni status --name lab', { useCases });
  expect(stdout).toBe(`Network: calico (quay.io/calico/node:v1) from calico.yaml

NODE               READY  CONFIG              NETWORK          PLUGINS
lab-control-plane  yes    10-calico.conflist  k8s-pod-network  calico,calico-ipam
lab-worker         no     -                   -                -

lab-control-plane: not used: 87-other.conf
lab-worker: not Ready: no network
`);
  expect(JSON.parse((await runLine('cni status -o json', { useCases })).stdout)).toEqual(useCases.cni);
});

test('cni remove: what waits for another network, and how to get one', async () => {
  const useCases = new FakeUseCases();
  const { exitCode, stderr } = await runLine('cni remove --name lab --manifest f.yaml', { useCases });
  expect(exitCode).toBe(0);
  expect(useCases.calls).toEqual([['removeCni', 'lab', 'f.yaml']]);
  expect(stderr).toContain('Without a network now: kube-system/coredns-a');
  expect(stderr).toContain('klab cni apply calico --name lab');
});
