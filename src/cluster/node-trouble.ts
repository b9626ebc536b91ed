import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { ContainerEngine } from '../engine/port.ts';
import { kubeletLogTail } from './node-command.ts';

/** How often a program was started again. */
export interface Restarts {
  readonly kubelet: number;
  readonly apiServer: number;
  readonly etcd: number;
}

/** More than once happens while things come up: a dependency was not there yet. */
const tooOften = { kubelet: 6, apiServer: 3, etcd: 3 } as const;

/** The program that does not stay up, when there is one: waiting longer for it is in vain. */
export function decideTrouble(restarts: Restarts): keyof Restarts | undefined {
  // The API server does not stay up without etcd, and neither without the kubelet: the cause comes first.
  return (['kubelet', 'etcd', 'apiServer'] as const).find((program) => restarts[program] >= tooOften[program]);
}

/** Lines `kubelet 3`, `etcd 0.log`…; what is missing counts as 0. */
export function parseRestarts(output: string): Restarts {
  const count = (name: string) => Number(new RegExp(`^${name} (\\d+)`, 'm').exec(output)?.[1] ?? 0);
  return { kubelet: count('kubelet'), apiServer: count('kube-apiserver'), etcd: count('etcd') };
}

/** Log files are numbered by how often their container was started before. */
const countRestarts = `echo kubelet $(systemctl show -p NRestarts --value kubelet)
for c in etcd kube-apiserver; do echo $c $(ls /var/log/pods/kube-system_$c-*/$c 2>/dev/null | sort -n | tail -1); done`;

const containerNames = { apiServer: 'kube-apiserver', etcd: 'etcd' } as const;

async function containerLogTail(engine: ContainerEngine, node: string, name: string): Promise<string> {
  const script = `cat $(ls -tr /var/log/pods/kube-system_${name}-*/${name}/*.log | tail -2) | tail -12 | cut -d' ' -f4- | cut -c1-300`;
  try {
    return (await engine.exec(node, ['sh', '-c', script], { timeoutMs: 5000 })).stdout.trim();
  } catch (error) {
    return `(its log cannot be read: ${messageOf(error)})`;
  }
}

export interface Trouble {
  readonly text: string;
  /** The last lines of the program's log. */
  readonly log: string;
}

const lookEveryMs = 3000;

/**
 * Watches over a node that is waited for: answers at most every 3 seconds whether one of its programs keeps crashing.
 * `log()` gives the last lines of whatever may explain why nothing happens.
 */
export function troubleWatch(
  engine: ContainerEngine,
  clock: Clock,
  node: string,
): { (): Promise<Trouble | undefined>; readonly log: () => Promise<string> } {
  let lastLook = clock.now();
  const look = async (): Promise<Trouble | undefined> => {
    if (clock.now() - lastLook < lookEveryMs) return undefined;
    lastLook = clock.now();
    const output = await engine.exec(node, ['sh', '-c', countRestarts], { timeoutMs: 5000 }).catch(() => undefined);
    const program = decideTrouble(parseRestarts(output?.stdout ?? ''));
    if (program === undefined) return undefined;
    if (program === 'kubelet') {
      return { text: `the kubelet of ${node} exits again and again`, log: await kubeletLogTail(engine, node) };
    }
    const name = containerNames[program];
    return { text: `${name} on ${node} exits again and again`, log: await containerLogTail(engine, node, name) };
  };
  const log = async () => {
    const parts = [
      `the kubelet of ${node}:\n${await kubeletLogTail(engine, node)}`,
      `kube-apiserver:\n${await containerLogTail(engine, node, 'kube-apiserver')}`,
      `etcd:\n${await containerLogTail(engine, node, 'etcd')}`,
    ];
    return parts.join('\n');
  };
  return Object.assign(look, { log });
}
