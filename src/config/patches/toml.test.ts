import { parse } from 'smol-toml';
import { expect, test } from 'vitest';
import { patchContainerdConfig } from './toml.ts';

const config = `version = 3
oom_score = 0
[plugins."io.containerd.cri.v1.images".registry]
config_path = "/etc/containerd/certs.d"
`;

test('a merge patch changes what it names and keeps the rest', () => {
  const patched = patchContainerdConfig(
    config,
    ['[plugins."io.containerd.cri.v1.images"]\nsnapshotter = "native"', 'oom_score = -999'],
    [],
  );
  expect(parse(patched)).toEqual({
    version: 3,
    oom_score: -999,
    plugins: {
      'io.containerd.cri.v1.images': { snapshotter: 'native', registry: { config_path: '/etc/containerd/certs.d' } },
    },
  });
});

test('a merge patch for another version of the configuration is left out', () => {
  expect(parse(patchContainerdConfig(config, ['version = 2\noom_score = 7'], []))).toEqual(parse(config));
  expect(parse(patchContainerdConfig(config, ['version = 3\noom_score = 7'], []))).toMatchObject({ oom_score: 7 });
});

test('JSON6902 patches come after the merge patches', () => {
  const patched = patchContainerdConfig(
    config,
    ['[debug]\nlevel = "info"'],
    ['[{"op": "replace", "path": "/debug/level", "value": "debug"}]', '- {op: add, path: /debug/uid, value: 7}'],
  );
  expect(parse(patched)).toMatchObject({ debug: { level: 'debug', uid: 7 } });
});

test('without patches the text stays as it is, comments too', () => {
  const text = `# made by klab\n${config}`;
  expect(patchContainerdConfig(text, [], [])).toBe(text);
});

test('a patch that is not TOML is named in the error', () => {
  expect(() => patchContainerdConfig(config, ['[a]', '[plugins'], [])).toThrow(
    expect.objectContaining({ code: 'TOML_MALFORMED', message: expect.stringContaining('containerdConfigPatches[1]') }),
  );
});

test('large whole numbers and times keep their form', () => {
  const patched = patchContainerdConfig('grpc = 16777216\nratio = 0.5\nwhen = "10s"\n', ['x = 1'], []);
  expect(patched).toContain('grpc = 16777216\n');
  expect(patched).toContain('ratio = 0.5\n');
});
