import { describe, expect, test } from 'vitest';
import type { Node } from '../../api/types.ts';
import { forbiddenLabels, type NewNodeInput, reconcileExisting, renderNewNode } from './register.ts';

const input: NewNodeInput = {
  name: 'n1',
  architecture: 'amd64',
  labels: {},
  taints: [],
  providerId: '',
  controllerAttachDetach: true,
  externalCloudProvider: false,
  status: {},
};
const attachDetach = 'volumes.kubernetes.io/controller-managed-attach-detach';

describe('a new node', () => {
  test('has its default labels, its annotation, and no taints of its own', () =>
    expect(renderNewNode(input)).toEqual({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: {
        name: 'n1',
        labels: {
          'beta.kubernetes.io/arch': 'amd64',
          'beta.kubernetes.io/os': 'linux',
          'kubernetes.io/arch': 'amd64',
          'kubernetes.io/hostname': 'n1',
          'kubernetes.io/os': 'linux',
        },
        annotations: { [attachDetach]: 'true' },
      },
      spec: {},
      status: {},
    }));

  test('has what flags give it', () => {
    const taints = [{ key: 'a', value: 'b', effect: 'NoSchedule' }];
    const labels = { tier: 'a', 'kubernetes.io/hostname': 'other' };
    const node = renderNewNode({
      ...input,
      taints,
      labels,
      providerId: 'kind://docker/a/n1',
      controllerAttachDetach: false,
    });
    expect(node.spec).toEqual({ providerID: 'kind://docker/a/n1', taints });
    expect(node.metadata?.labels).toMatchObject(labels);
    expect(node.metadata).not.toHaveProperty('annotations');
  });

  test('waits for its cloud provider, where there is one', () =>
    expect(renderNewNode({ ...input, externalCloudProvider: true }).spec?.taints).toEqual([
      { key: 'node.cloudprovider.kubernetes.io/uninitialized', value: 'true', effect: 'NoSchedule' },
    ]));
});

describe('a node that was there before', () => {
  const existing = renderNewNode(input);
  const withLabels = (labels: Record<string, string>): Node => ({
    ...existing,
    metadata: { ...existing.metadata, labels: { ...existing.metadata?.labels, ...labels } },
  });

  test.each<[string, Node, Partial<NewNodeInput>, unknown]>([
    ['is left as it is', existing, {}, undefined],
    ["keeps users' labels", withLabels({ mine: 'yes' }), {}, undefined],
    ['does not get --node-labels again', existing, { labels: { tier: 'a' } }, undefined],
    ['does not get its taints again', existing, { taints: [{ key: 'a', effect: 'NoSchedule' }] }, undefined],
    [
      'gets its default labels right',
      withLabels({ 'kubernetes.io/arch': 'arm64' }),
      {},
      {
        metadata: { labels: { 'kubernetes.io/arch': 'amd64' }, annotations: {} },
      },
    ],
    [
      'follows a flag that changes a default label',
      existing,
      { labels: { 'kubernetes.io/hostname': 'h' } },
      {
        metadata: { labels: { 'kubernetes.io/hostname': 'h' }, annotations: {} },
      },
    ],
    [
      'loses the annotation that no longer holds',
      existing,
      { controllerAttachDetach: false },
      {
        metadata: { labels: {}, annotations: { [attachDetach]: null } },
      },
    ],
  ])('%s', (_name, node, more, patch) => expect(reconcileExisting(node, { ...input, ...more })).toEqual(patch));
});

test.each([
  ['tier', true],
  ['example.com/tier', true],
  ['topology.kubernetes.io/zone', true],
  ['node.kubernetes.io/anything', true],
  ['a.kubelet.kubernetes.io/anything', true],
  ['kubernetes.io/hostname', true],
  ['node-role.kubernetes.io/worker', false],
  ['kubernetes.io/tier', false],
  ['foo.k8s.io/tier', false],
  ['notkubernetes.io/tier', true],
])('a kubelet may label its node %s: %s', (key, allowed) =>
  expect(forbiddenLabels({ [key]: 'x' })).toEqual(allowed ? [] : [key]),
);
