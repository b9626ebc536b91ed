import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findEngine } from './address.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'klab-address-'));
});
afterEach(() => rmSync(home, { recursive: true }));

const write = (path: string, text: string) => {
  mkdirSync(dirname(join(home, path)), { recursive: true });
  writeFileSync(join(home, path), text);
};
const idOf = (context: string) => createHash('sha256').update(context).digest('hex');
const aContext = (name: string, host: string) =>
  write(`.docker/contexts/meta/${idOf(name)}/meta.json`, JSON.stringify({ Endpoints: { docker: { Host: host } } }));

test.each<[string, NodeJS.ProcessEnv, Record<string, unknown>]>([
  ['nothing said: the local socket', {}, { socketPath: '/var/run/docker.sock' }],
  ['a socket', { DOCKER_HOST: 'unix:///run/user/1/docker.sock' }, { socketPath: '/run/user/1/docker.sock' }],
  ['a host', { DOCKER_HOST: 'tcp://10.0.0.5' }, { protocol: 'http', host: '10.0.0.5', port: 2375 }],
  ['a host and port', { DOCKER_HOST: 'tcp://10.0.0.5:4444' }, { protocol: 'http', host: '10.0.0.5', port: 4444 }],
  [
    'ssh, with the agent',
    { DOCKER_HOST: 'ssh://me@far', SSH_AUTH_SOCK: '/run/agent' },
    { protocol: 'ssh', host: 'far', port: 22, username: 'me', sshOptions: { agent: '/run/agent' } },
  ],
])('%s', (_name, env, expected) => expect(findEngine(env, home).options).toEqual(expected));

test('DOCKER_HOST goes before contexts, DOCKER_CONTEXT before the current one', () => {
  write('.docker/config.json', '{"currentContext":"far"}');
  aContext('far', 'unix:///far.sock');
  aContext('near', 'unix:///near.sock');
  expect(findEngine({}, home).url).toBe('unix:///far.sock');
  expect(findEngine({ DOCKER_CONTEXT: 'near' }, home).url).toBe('unix:///near.sock');
  expect(findEngine({ DOCKER_CONTEXT: 'default' }, home).url).toBe('unix:///var/run/docker.sock');
  expect(findEngine({ DOCKER_CONTEXT: 'near', DOCKER_HOST: 'unix:///x.sock' }, home).url).toBe('unix:///x.sock');
});

test("a context's certificates, as many as there are", () => {
  aContext('far', 'tcp://far:2376');
  write(`.docker/contexts/tls/${idOf('far')}/docker/ca.pem`, 'the CA');
  const { options } = findEngine({ DOCKER_CONTEXT: 'far' }, home);
  expect(options).toEqual({ protocol: 'https', host: 'far', port: 2376, ca: Buffer.from('the CA') });
});

test.each<[string, NodeJS.ProcessEnv, string | undefined, string]>([
  ['a context that is not there', { DOCKER_CONTEXT: 'gone' }, undefined, 'ENGINE_BAD_CONTEXT'],
  ['a configuration that is not JSON', {}, '{', 'ENGINE_BAD_CONFIG'],
  ['no URL', { DOCKER_HOST: 'somewhere' }, undefined, 'ENGINE_BAD_HOST'],
  ['a protocol of another world', { DOCKER_HOST: 'ftp://far' }, undefined, 'ENGINE_BAD_HOST'],
])('%s', (_name, env, config, code) => {
  if (config !== undefined) write('.docker/config.json', config);
  expect(() => findEngine(env, home)).toThrow(expect.objectContaining({ code }));
});
