import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type KubeconfigEntry, renderKubeconfig } from './entry.ts';
import { mergeKubeconfig } from './merge.ts';
import { removeFromKubeconfig } from './remove.ts';

const anEntry = (name = 'klab-lab', server = 'https://127.0.0.1:6443'): KubeconfigEntry => ({
  name,
  cluster: { 'certificate-authority-data': 'Q0E='.repeat(60), server },
  user: { 'client-certificate-data': 'Q0VSVA==', 'client-key-data': 'S0VZ' },
});

const others = `# my clusters
apiVersion: v1
kind: Config
current-context: work
preferences: {}
clusters:
# the one at work
- name: work
  cluster:
    server: "https://here.example.com:6443" # behind the VPN
    certificate-authority-data: ${'V09SSw=='.repeat(40)}
contexts:
- name: work
  context: {cluster: work, user: me, namespace: dev}
users:
- name: me
  user:
    exec:
      # asks for a password
      apiVersion: client.authentication.k8s.io/v1
      command: login
      args: [--quiet]
`;

describe('merging', () => {
  test.each([
    ['nothing', ''],
    ['comments only', '# mine\n'],
    ['null', 'null\n'],
  ])('into %s makes a whole kubeconfig', (_name, text) => {
    expect(parse(mergeKubeconfig(text, anEntry(), 'config'))).toEqual(parse(renderKubeconfig(anEntry())));
  });

  test("others' lines stay as they are, comments too", () => {
    const lines = mergeKubeconfig(others, anEntry(), 'config').split('\n');
    const kept = others.replace('current-context: work', 'current-context: klab-lab');
    expect(lines).toEqual(expect.arrayContaining(kept.split('\n')));
  });

  test('the new cluster, user and context share a name, and the context is current', () => {
    const merged = parse(mergeKubeconfig(others, anEntry(), 'config'));
    expect(merged['current-context']).toBe('klab-lab');
    expect(merged.contexts[1]).toEqual({ name: 'klab-lab', context: { cluster: 'klab-lab', user: 'klab-lab' } });
    expect(merged.clusters[1]).toEqual({ name: 'klab-lab', cluster: anEntry().cluster });
    expect(merged.users[1]).toEqual({ name: 'klab-lab', user: anEntry().user });
    expect([merged.clusters.length, merged.contexts.length, merged.users.length]).toEqual([2, 2, 2]);
  });

  test('again: the entry is replaced where it is, not added twice', () => {
    const first = mergeKubeconfig(mergeKubeconfig('', anEntry(), 'c'), anEntry('klab-b'), 'c');
    const again = parse(mergeKubeconfig(first, anEntry('klab-lab', 'https://127.0.0.1:7777'), 'c'));
    expect(again.clusters.map((each: { name: string }) => each.name)).toEqual(['klab-lab', 'klab-b']);
    expect(again.clusters[0].cluster.server).toBe('https://127.0.0.1:7777');
  });

  test('one that is there twice is there once afterwards', () => {
    const twice =
      'users:\n- {name: klab-lab, user: {token: a}}\n- {name: x, user: {}}\n- {name: klab-lab, user: {token: b}}\n';
    const { users } = parse(mergeKubeconfig(twice, anEntry(), 'c'));
    expect(users.map((each: { name: string }) => each.name)).toEqual(['klab-lab', 'x']);
  });

  test('empty and null lists, as kubectl leaves them, are filled in block style', () => {
    const text = 'apiVersion: v1\nclusters: []\ncontexts: null\ncurrent-context: ""\nkind: Config\nusers: []\n';
    const merged = mergeKubeconfig(text, anEntry(), 'c');
    expect(merged).toContain('clusters:\n- cluster:\n    certificate-authority-data:');
    expect({ preferences: {}, ...parse(merged) }).toEqual(parse(renderKubeconfig(anEntry())));
  });

  test('lists that are indented stay indented', () => {
    const text = 'clusters:\n  - name: a\n    cluster: {}\n';
    expect(mergeKubeconfig(text, anEntry(), 'c')).toContain('clusters:\n  - name: a\n');
  });

  test('a kubeconfig in JSON is understood', () => {
    const json = JSON.stringify({ apiVersion: 'v1', kind: 'Config', clusters: [{ name: 'a', cluster: {} }] });
    expect(parse(mergeKubeconfig(json, anEntry(), 'c')).clusters).toHaveLength(2);
  });
});

describe('removing', () => {
  test('what was merged is gone, and nothing is the current context', () => {
    const removed = parse(removeFromKubeconfig(mergeKubeconfig(others, anEntry(), 'c'), 'klab-lab', 'c') ?? '');
    expect(removed).toEqual({ ...parse(others), 'current-context': '' });
  });

  test('another current context stays', () => {
    const merged = mergeKubeconfig(others, anEntry(), 'c').replace(
      'current-context: klab-lab',
      'current-context: work',
    );
    expect(parse(removeFromKubeconfig(merged, 'klab-lab', 'c') ?? '')).toEqual(parse(others));
  });

  test('nothing to remove: no new text', () => {
    expect(removeFromKubeconfig(others, 'klab-lab', 'c')).toBeUndefined();
    expect(removeFromKubeconfig('', 'klab-lab', 'c')).toBeUndefined();
  });
});

describe('a file that is no kubeconfig', () => {
  test.each([
    ['syntax', 'clusters: [\n', /^c:2 is not a kubeconfig/],
    ['a key twice', 'kind: Config\nkind: Config\n', /^c:2 is not a kubeconfig/],
    ['text', 'hello\n', /not a map/],
    ['another kind', 'kind: Pod\n', /kind is Pod, not Config/],
    ['a map for a list', 'clusters: {a: b}\n', /clusters is not a list/],
    ['two documents', 'kind: Config\n---\nkind: Config\n', /more than one document/],
  ])('%s', (_name, text, message) => {
    const error = expect.objectContaining({ code: 'KUBECONFIG_CORRUPT', message: expect.stringMatching(message) });
    expect(() => mergeKubeconfig(text, anEntry(), 'c')).toThrow(error);
    expect(() => removeFromKubeconfig(text, 'klab-lab', 'c')).toThrow(error);
  });
});
