import { describe, expect, test } from 'vitest';
import { readManifest } from '../manifest.ts';
import { calicoShape } from '../testing/calico-shape.ts';
import { requireCalico, writtenEncapsulation } from './recognise.ts';

const flannel = `kind: DaemonSet
apiVersion: apps/v1
metadata: {name: kube-flannel-ds, namespace: kube-flannel}
spec: {template: {spec: {containers: [{name: kube-flannel, image: flannel}]}}}
`;

describe('requireCalico', () => {
  test.each([
    ["another network's", flannel, /no DaemonSet calico-node and no ConfigMap calico-config/, /klab cni apply x\.yaml/],
    ['no network at all', 'kind: Namespace\napiVersion: v1\nmetadata: {name: a}\n', /no DaemonSet/, /downloads it/],
    [
      "the operator's",
      'kind: Deployment\napiVersion: apps/v1\nmetadata: {name: tigera-operator}\n',
      /no DaemonSet/,
      /manifests\/calico\.yaml/,
    ],
    ['without its settings', calicoShape({ without: ['calico-config'] }), /no ConfigMap calico-config$/, /./],
    ['another container', calicoShape().replace('- name: calico-node\n', '- name: node\n'), /no container/, /./],
  ])('%s', (_name, text, message, hint) => {
    expect(() => requireCalico(readManifest(text, 'x.yaml'))).toThrow(
      expect.objectContaining({
        code: 'NOT_CALICO',
        message: expect.stringMatching(message),
        hint: expect.stringMatching(hint),
      }),
    );
  });

  test.each(['ipip', 'vxlan'] as const)('the encapsulation it has: %s', (encapsulation) => {
    expect(writtenEncapsulation(requireCalico(readManifest(calicoShape({ encapsulation }), 'x')))).toBe(encapsulation);
  });
});
