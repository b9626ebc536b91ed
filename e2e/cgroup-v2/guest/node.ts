import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { weightOf } from '../../../src/kubelet/resources/cgroup-settings.ts';
import { eventually } from '../../harness/eventually.ts';

/** The guest as its checks see it: kernel files, pods as files, the kubelet's answers. */

export const driver = process.env.KLAB_DRIVER === 'systemd' ? 'systemd' : 'cgroupfs';
const mount = '/sys/fs/cgroup';
const manifests = '/etc/kubernetes/manifests';
export const mebi = 2 ** 20;
export const memTotal = Number(/^MemTotal:\s+(\d+)/.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]) * 1024;
/** cpu.weight of a request, in thousandths of a CPU. */
export const weightOfMilli = (milliCpu: number): number => weightOf(Math.floor((milliCpu * 1024) / 1000));
/** A slow machine: what takes a second elsewhere takes ten here. */
const patienceMs = 120_000;

export async function sh(script: string): Promise<string> {
  const { stdout } = await promisify(execFile)('bash', ['-c', script], { maxBuffer: 16 << 20 });
  return stdout.trimEnd();
}

export const soon = <T>(what: string, look: () => Promise<T | undefined> | T | undefined): Promise<T> =>
  eventually(what, look, patienceMs);

/** A cgroup's file, by the cgroup's path below the mount. */
export const read = (path: string, file: string): string => readFileSync(join(mount, path, file), 'utf8').trim();
export const has = (path: string, file = ''): boolean => existsSync(join(mount, path, file));
export const below = (path: string): readonly string[] =>
  readdirSync(join(mount, path), { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));

/** Where pods live: klab's root for cgroupfs, the host's for systemd, as a user of each would have it. */
export const kubepods = driver === 'systemd' ? '/kubepods.slice' : '/kubelet/kubepods';
export const burstable = driver === 'systemd' ? `${kubepods}/kubepods-burstable.slice` : `${kubepods}/burstable`;
export const bestEffort = driver === 'systemd' ? `${kubepods}/kubepods-besteffort.slice` : `${kubepods}/besteffort`;

export function podCgroup(parent: string, uid: string): string {
  if (driver === 'cgroupfs') return `${parent}/pod${uid}`;
  const prefix = parent
    .split('/')
    .at(-1)
    ?.replace(/\.slice$/, '');
  return `${parent}/${prefix}-pod${uid.replaceAll('-', '_')}.slice`;
}
export const containerCgroup = (pod: string, id: string): string =>
  driver === 'systemd' ? `${pod}/cri-containerd-${id}.scope` : `${pod}/${id}`;

export async function configureKubelet(more: object): Promise<void> {
  mkdirSync('/var/lib/kubelet', { recursive: true });
  mkdirSync(manifests, { recursive: true });
  writeFileSync(
    '/var/lib/kubelet/config.yaml',
    JSON.stringify({
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      kind: 'KubeletConfiguration',
      staticPodPath: manifests,
      fileCheckFrequency: '1s',
      cgroupRoot: driver === 'systemd' ? '/' : '/kubelet',
      authentication: { webhook: { enabled: false }, anonymous: { enabled: true } },
      authorization: { mode: 'AlwaysAllow' },
      ...more,
    }),
  );
}
export async function restartKubelet(): Promise<void> {
  await sh('systemctl restart kubelet');
  await soon('a healthy kubelet', () => sh('curl -sf http://127.0.0.1:10248/healthz'));
}

export interface ContainerState {
  readonly name: string;
  readonly id: string;
  readonly restarts: number;
  readonly running: boolean;
  readonly lastReason: string | undefined;
}
export interface SeenPod {
  readonly uid: string;
  readonly containers: readonly ContainerState[];
}

interface ApiPod {
  readonly metadata: { readonly name: string; readonly uid: string };
  readonly status?: {
    readonly containerStatuses?: readonly {
      readonly name: string;
      readonly containerID?: string;
      readonly restartCount: number;
      readonly state?: { readonly running?: object; readonly terminated?: { readonly reason?: string } };
      readonly lastState?: { readonly terminated?: { readonly reason?: string } };
    }[];
  };
}

/** What the kubelet answers on its API. */
export function ask(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port: 10250, path, rejectUnauthorized: false }, (response) => {
      let text = '';
      response.on('data', (part: Buffer) => {
        text += part.toString();
      });
      response.on('end', () => resolve(text));
    })
      .on('error', reject)
      .end();
  });
}

export async function podOf(name: string): Promise<SeenPod | undefined> {
  const { items = [] } = JSON.parse(await ask('/pods')) as { items?: readonly ApiPod[] };
  const found = items.find(({ metadata }) => metadata.name === `${name}-cgroup-guest`);
  return (
    found && {
      uid: found.metadata.uid,
      containers: (found.status?.containerStatuses ?? []).map(({ name, containerID = '', restartCount, ...more }) => ({
        name,
        id: containerID.replace(/^.*:\/\//, ''),
        restarts: restartCount,
        running: more.state?.running !== undefined,
        lastReason: (more.state?.terminated ?? more.lastState?.terminated)?.reason,
      })),
    }
  );
}

interface ContainerWanted {
  readonly name?: string;
  readonly script?: string;
  readonly resources?: object;
}
/** Writes a pod's file; its containers share the node's network, so that none has to be set up. */
export function writePod(name: string, containers: readonly ContainerWanted[], spec: object = {}): void {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      hostNetwork: true,
      terminationGracePeriodSeconds: 1,
      containers: containers.map(({ name: container = 'main', script = 'sleep 9999', resources = {} }) => ({
        name: container,
        image: 'docker.io/library/busybox:1.37',
        command: ['sh', '-c', script],
        resources,
      })),
      ...spec,
    },
  };
  // The file appears whole: it is written under a name that the kubelet does not read.
  writeFileSync(`${manifests}/.${name}`, JSON.stringify(pod));
  renameSync(`${manifests}/.${name}`, `${manifests}/${name}.yaml`);
}
export const removePod = (name: string): void => rmSync(`${manifests}/${name}.yaml`);

/** The pod once all its containers run. */
export const running = (name: string, than?: string): Promise<SeenPod> =>
  soon(`${name} running`, async () => {
    const pod = await podOf(name);
    return pod !== undefined && pod.uid !== than && pod.containers.length > 0 && pod.containers.every((c) => c.running)
      ? pod
      : undefined;
  });
export const gone = (path: string): Promise<boolean> => soon(`${path} gone`, () => (has(path) ? undefined : true));
