import { describe, expect, test } from 'vitest';
import { readManifest } from '../manifest.ts';
import { type CalicoShape, calicoShape } from '../testing/calico-shape.ts';
import { decideEdits, type Edit } from './decide-edits.ts';
import type { CalicoFacts } from './facts.ts';
import { fitCalico } from './fit.ts';
import { requireCalico } from './recognise.ts';

const calico = (shape: CalicoShape = {}) => requireCalico(readManifest(calicoShape(shape), 'calico.yaml'));

const facts = (some: Partial<CalicoFacts> = {}): CalicoFacts => ({
  podSubnets: ['10.244.0.0/16'],
  nodeMtu: 1500,
  encapsulation: 'ipip',
  ...some,
});

const shown = (edit: Edit): string => {
  if (edit.kind === 'setEnv') return `${edit.name}=${edit.value}`;
  return edit.kind === 'setData' ? `${edit.key}: ${edit.value}` : `${edit.probe} without ${edit.argument}`;
};

const always = ['CALICO_IPV4POOL_CIDR=10.244.0.0/16', 'IP_AUTODETECTION_METHOD=kubernetes-internal-ip'];
const toVxlan = [
  'CALICO_IPV4POOL_IPIP=Never',
  'CALICO_IPV4POOL_VXLAN=Always',
  'calico_backend: vxlan',
  'livenessProbe without -bird-live',
  'readinessProbe without -bird-ready',
];

describe('decideEdits', () => {
  test.each<[string, CalicoShape, Partial<CalicoFacts>, string[]]>([
    ['IPIP as published', {}, {}, [...always, 'veth_mtu: 1480']],
    ['VXLAN instead of IPIP', {}, { encapsulation: 'vxlan' }, [...always, ...toVxlan, 'veth_mtu: 1450']],
    [
      'IPIP instead of VXLAN',
      { encapsulation: 'vxlan' },
      {},
      [
        ...always,
        'CALICO_IPV4POOL_IPIP=Always',
        'CALICO_IPV4POOL_VXLAN=Never',
        'calico_backend: bird',
        'veth_mtu: 1480',
      ],
    ],
    ['no tunnel', {}, { encapsulation: 'none' }, [...always, 'CALICO_IPV4POOL_IPIP=Never', 'veth_mtu: 1500']],
    ['a small MTU', {}, { nodeMtu: 1400 }, [...always, 'veth_mtu: 1380']],
  ])('%s', (_name, shape, some, edits) => {
    expect(decideEdits(calico(shape), facts(some)).map(shown).sort()).toEqual([...edits].sort());
  });

  test('IPv6 beside IPv4: a second pool, and both are handed out', () => {
    const both = facts({ podSubnets: ['10.244.0.0/16', 'fd00:10:244::/56'], encapsulation: 'vxlan' });
    const edits = decideEdits(calico(), both);
    expect(edits.map(shown)).toEqual(
      expect.arrayContaining([
        'CALICO_IPV6POOL_CIDR=fd00:10:244::/56',
        'CALICO_IPV6POOL_VXLAN=Always',
        'CALICO_IPV6POOL_NAT_OUTGOING=true',
        'IP6=autodetect',
        'FELIX_IPV6SUPPORT=true',
        'veth_mtu: 1430',
      ]),
    );
    const config = edits.find((edit) => edit.kind === 'setData' && edit.key === 'cni_network_config');
    const text = config?.kind === 'setData' ? config.value : '';
    expect(text).toContain('"mtu": __CNI_MTU__,');
    const [plugin] = JSON.parse(text.replace('__CNI_MTU__', '1')).plugins;
    expect(plugin.ipam).toEqual({ type: 'calico-ipam', assign_ipv4: 'true', assign_ipv6: 'true' });
  });

  test('IPv6 alone: no IPv4 address is looked for', () => {
    const edits = decideEdits(calico(), facts({ podSubnets: ['fd00:10:244::/56'], encapsulation: 'vxlan' })).map(shown);
    expect(edits).toEqual(expect.arrayContaining(['IP=none', 'CALICO_ROUTER_ID=hash']));
    expect(edits.join()).not.toContain('CALICO_IPV4POOL_CIDR');
  });

  test('what was fitted once needs nothing more', () => {
    const once = fitCalico(calico(), facts({ encapsulation: 'vxlan' }));
    const text = once.objects.map((object) => JSON.stringify(object)).join('\n---\n');
    const again = requireCalico(readManifest(text, 'again'));
    expect(decideEdits(again, facts({ encapsulation: 'vxlan' }))).toEqual([]);
  });
});

describe('fitCalico', () => {
  test('the diff has the edits and nothing else, with the comments in place', () => {
    const { diff } = fitCalico(calico(), facts({ encapsulation: 'vxlan' }));
    expect(diff.split('\n').filter((line) => /^[-+]/.test(line))).toMatchInlineSnapshot(`
      [
        "--- ConfigMap kube-system/calico-config (published)",
        "+++ ConfigMap kube-system/calico-config (fitted)",
        "-  calico_backend: "bird"",
        "+  calico_backend: "vxlan"",
        "-  veth_mtu: "0"",
        "+  veth_mtu: "1450"",
        "--- DaemonSet kube-system/calico-node (published)",
        "+++ DaemonSet kube-system/calico-node (fitted)",
        "-              value: "Always"",
        "-            - name: CALICO_IPV4POOL_VXLAN",
        "+            - name: CALICO_IPV4POOL_VXLAN",
        "+              value: "Always"",
        "+            - name: CALICO_IPV4POOL_CIDR",
        "+              value: 10.244.0.0/16",
        "+            - name: IP_AUTODETECTION_METHOD",
        "+              value: kubernetes-internal-ip",
        "-                - -bird-live",
        "-                - -bird-ready",
      ]
    `);
    expect(diff).toContain(' # 0: found out by itself.');
  });

  test('all objects are there, in their order, and the published ones were not touched', () => {
    const published = calico();
    const before = JSON.stringify(published.manifest.parts.map(({ object }) => object));
    const { objects } = fitCalico(published, facts({ encapsulation: 'vxlan' }));
    expect(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual(
      published.manifest.parts.map(({ object }) => `${object.kind} ${object.metadata.name}`),
    );
    expect(JSON.stringify(published.manifest.parts.map(({ object }) => object))).toBe(before);
    expect(JSON.stringify(objects)).toContain('{"name":"CALICO_IPV4POOL_CIDR","value":"10.244.0.0/16"}');
  });

  test('a variable that was taken from elsewhere gets the plain value alone', () => {
    const text = calicoShape().replace(
      '- name: CALICO_IPV4POOL_IPIP\n              value: "Always"',
      '- name: CALICO_IPV4POOL_IPIP\n              valueFrom: {configMapKeyRef: {name: calico-config, key: ipip}}',
    );
    const { objects } = fitCalico(requireCalico(readManifest(text, 'x')), facts({ encapsulation: 'vxlan' }));
    expect(JSON.stringify(objects)).toContain('{"name":"CALICO_IPV4POOL_IPIP","value":"Never"}');
  });
});
