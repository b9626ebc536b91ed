import { KlabError } from '../base/errors.ts';
import { ContainerState, PodSandboxState } from '../cri/generated/api.ts';
import type { Container, PodSandbox } from '../cri/port.ts';

export const containerStates: Readonly<Record<string, number>> = {
  created: ContainerState.CONTAINER_CREATED,
  running: ContainerState.CONTAINER_RUNNING,
  exited: ContainerState.CONTAINER_EXITED,
  unknown: ContainerState.CONTAINER_UNKNOWN,
};

export const sandboxStates: Readonly<Record<string, number>> = {
  ready: PodSandboxState.SANDBOX_READY,
  notready: PodSandboxState.SANDBOX_NOTREADY,
};

/** `Running`, as the STATE column has it. */
export const containerStateName = (state: number): string => {
  const name = Object.entries(containerStates).find(([, value]) => value === state)?.[0] ?? 'unknown';
  return name[0]?.toUpperCase() + name.slice(1);
};

export const sandboxStateName = (state: number): string =>
  state === PodSandboxState.SANDBOX_READY ? 'Ready' : 'NotReady';

/** A state by its name, whatever its case; throws for an unknown one. */
export function parseState(states: Readonly<Record<string, number>>, text: string): number {
  const state = states[text.toLowerCase()];
  if (state === undefined) {
    throw new KlabError('BAD_STATE', `"${text}" is not a state`, { hint: `one of: ${Object.keys(states).join(', ')}` });
  }
  return state;
}

/** `a=b` pairs as a map; throws for one without `=`. */
export function parseLabels(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new KlabError('BAD_LABEL', `"${pair}" is not a label`, { hint: 'write it as key=value' });
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

export interface ContainerChoice {
  readonly all: boolean;
  readonly id?: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly pod?: string;
  readonly image?: string;
  readonly state?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly latest: boolean;
  readonly last?: number;
}

const label = (labels: Readonly<Record<string, string>>, key: string): string => labels[`io.kubernetes.${key}`] ?? '';

/** Which containers `crictl ps` shows, newest first. Names and namespaces are regular expressions, IDs prefixes. */
export function chooseContainers(containers: readonly Container[], choice: ContainerChoice): readonly Container[] {
  const state = choice.state === undefined ? undefined : parseState(containerStates, choice.state);
  const showAll = choice.all || choice.latest || choice.last !== undefined || state !== undefined;
  const matches = containers.filter(
    (c) =>
      (showAll || c.state === ContainerState.CONTAINER_RUNNING) &&
      (state === undefined || c.state === state) &&
      c.id.startsWith(choice.id ?? '') &&
      c.podSandboxId.startsWith(choice.pod ?? '') &&
      new RegExp(choice.name ?? '').test(c.metadata?.name ?? '') &&
      new RegExp(choice.namespace ?? '').test(label(c.labels, 'pod.namespace')) &&
      (choice.image === undefined ||
        [c.imageRef, c.image?.image, c.image?.userSpecifiedImage].some((i) => i?.includes(choice.image ?? ''))) &&
      Object.entries(choice.labels).every(([key, value]) => c.labels[key] === value),
  );
  const sorted = matches.toSorted((a, b) => Number(b.createdAt - a.createdAt));
  return choice.latest ? sorted.slice(0, 1) : sorted.slice(0, choice.last ?? sorted.length);
}

export interface SandboxChoice {
  readonly id?: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly state?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly latest: boolean;
  readonly last?: number;
}

export function chooseSandboxes(sandboxes: readonly PodSandbox[], choice: SandboxChoice): readonly PodSandbox[] {
  const state = choice.state === undefined ? undefined : parseState(sandboxStates, choice.state);
  const matches = sandboxes.filter(
    (s) =>
      (state === undefined || s.state === state) &&
      s.id.startsWith(choice.id ?? '') &&
      new RegExp(choice.name ?? '').test(s.metadata?.name ?? '') &&
      new RegExp(choice.namespace ?? '').test(s.metadata?.namespace ?? '') &&
      Object.entries(choice.labels).every(([key, value]) => s.labels[key] === value),
  );
  const sorted = matches.toSorted((a, b) => Number(b.createdAt - a.createdAt));
  return choice.latest ? sorted.slice(0, 1) : sorted.slice(0, choice.last ?? sorted.length);
}

/** The one whose ID begins with what was typed. Throws when there is none, or more than one. */
export function chooseById<T extends { readonly id: string }>(what: string, items: readonly T[], prefix: string): T {
  const found = items.filter(({ id }) => id.startsWith(prefix) || id.startsWith(`sha256:${prefix}`));
  const [first] = found;
  if (first === undefined)
    throw new KlabError('NOT_FOUND', `${what} "${prefix}" not found`, {
      hint: 'list them with `crictl ps -a` or `crictl pods`',
    });
  if (found.length > 1)
    throw new KlabError('AMBIGUOUS', `"${prefix}" fits ${found.length} ${what}s`, { hint: 'type more of the ID' });
  return first;
}
