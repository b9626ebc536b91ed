import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { entryFromAdminConf, renderKubeconfig } from './entry.ts';

const adminConf = `apiVersion: v1
kind: Config
clusters:
- name: kubernetes
  cluster: {server: 'https://lab-control-plane:6443', certificate-authority-data: Q0E=}
contexts:
- {name: kubernetes-admin@kubernetes, context: {cluster: kubernetes, user: kubernetes-admin}}
users:
- {name: kubernetes-admin, user: {client-certificate-data: Q0VSVA==, client-key-data: S0VZ}}
current-context: kubernetes-admin@kubernetes
`;

test('the entry has the cluster’s name everywhere and the address it is reached by from outside', () => {
  const entry = entryFromAdminConf(adminConf, 'lab', 'https://127.0.0.1:40123');
  expect(parse(renderKubeconfig(entry))).toEqual({
    apiVersion: 'v1',
    kind: 'Config',
    preferences: {},
    'current-context': 'klab-lab',
    clusters: [
      { name: 'klab-lab', cluster: { server: 'https://127.0.0.1:40123', 'certificate-authority-data': 'Q0E=' } },
    ],
    contexts: [{ name: 'klab-lab', context: { cluster: 'klab-lab', user: 'klab-lab' } }],
    users: [{ name: 'klab-lab', user: { 'client-certificate-data': 'Q0VSVA==', 'client-key-data': 'S0VZ' } }],
  });
});

test('from inside, the address is the node’s', () => {
  expect(entryFromAdminConf(adminConf, 'lab').cluster.server).toBe('https://lab-control-plane:6443');
});

test.each([
  ['empty', '', /no cluster/],
  ['no users', 'clusters: [{name: a, cluster: {server: b}}]', /no user/],
])('%s', (_name, text, message) => {
  expect(() => entryFromAdminConf(text, 'lab')).toThrow(
    expect.objectContaining({ code: 'ADMIN_CONF_UNUSABLE', message: expect.stringMatching(message) }),
  );
});
