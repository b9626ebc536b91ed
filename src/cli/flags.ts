import { DEFAULT_CLUSTER_NAME } from '../config/defaults.ts';
import { parseDuration } from './duration.ts';
import { usageError } from './errors.ts';

/** One flag of a command: how it is written, what it means, and how its text becomes a `T`. */
export interface Flag<T> {
  readonly long: string;
  readonly short?: string;
  /** What stands for the value in the help, like FILE; absent: the flag takes no value. */
  readonly value?: string;
  readonly help: string;
  /** Shown in the help, where the default is not plain from `help`. */
  readonly shownDefault?: string;
  readonly completes?: Completes;
  /** From what was typed (undefined: the flag was not given) and the environment. Throws a usage error. */
  readonly read: (typed: string | boolean | undefined, env: Environment) => T;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** What the shell offers for a value. */
export type Completes = 'file' | 'folder' | 'cluster' | 'node' | readonly string[];

/** The flags of a command, one for each field of what it is given: a field without a flag does not compile. */
export type FlagTable<F> = { readonly [K in keyof F]-?: Flag<F[K]> };

type Spec = Omit<Flag<unknown>, 'read' | 'value'>;

/** A flag without a value: given or not. */
export const booleanFlag = (spec: Spec): Flag<boolean> => ({ ...spec, read: (typed) => typed === true });

export const textFlag = (spec: Spec & { readonly value: string }): Flag<string | undefined> => ({
  ...spec,
  read: (typed) => (typeof typed === 'string' ? typed : undefined),
});

/** Several values in one, separated by commas. */
export const listFlag = (spec: Spec & { readonly value: string }): Flag<readonly string[]> => ({
  ...spec,
  read: (typed) => (typeof typed === 'string' ? typed.split(',').filter((item) => item !== '') : []),
});

/** Milliseconds, written like 5m or 90s. */
export const durationFlag = (spec: Spec & { readonly defaultMs: number }): Flag<number> => ({
  ...spec,
  value: 'DURATION',
  read: (typed) => {
    if (typeof typed !== 'string') return spec.defaultMs;
    const ms = parseDuration(typed);
    if (ms === undefined) {
      throw usageError(
        `--${spec.long} ${JSON.stringify(typed)} is not a duration`,
        'write it like 5m, 90s or 1m30s; 0 for none',
      );
    }
    return ms;
  },
});

export function choiceFlag<const T extends string>(
  spec: Spec & { readonly value: string; readonly choices: readonly T[]; readonly otherwise: T },
): Flag<T> {
  return {
    ...spec,
    completes: spec.choices,
    read: (typed) => {
      if (typeof typed !== 'string') return spec.otherwise;
      const chosen = spec.choices.find((choice) => choice === typed);
      if (chosen !== undefined) return chosen;
      throw usageError(`--${spec.long} ${JSON.stringify(typed)} is not known`, `use ${spec.choices.join(' or ')}`);
    },
  };
}

/** The cluster by name, for the commands that have to know one: the flag, the environment, or klab's default. */
export const clusterNameFlag: Flag<string> = {
  long: 'name',
  short: 'n',
  value: 'NAME',
  help: 'name of the cluster; also $KLAB_CLUSTER_NAME or $KIND_CLUSTER_NAME',
  shownDefault: DEFAULT_CLUSTER_NAME,
  completes: 'cluster',
  read: (typed, env) => givenName(typed, env) ?? DEFAULT_CLUSTER_NAME,
};

/** As above, but a configuration file may name the cluster when neither flag nor environment does. */
export const newClusterNameFlag: Flag<string | undefined> = {
  ...clusterNameFlag,
  shownDefault: 'the name in the configuration, or klab',
  read: givenName,
};

export const kubeconfigFlag = textFlag({
  long: 'kubeconfig',
  value: 'FILE',
  help: 'kubeconfig to change, instead of $KUBECONFIG or ~/.kube/config',
  completes: 'file',
});

/** What the commands are told that use a cluster as its user does, by the kubeconfig. */
export interface UserAccessFlags {
  readonly name: string | undefined;
  readonly context: string | undefined;
  readonly kubeconfig: string | undefined;
  readonly namespace: string | undefined;
}

export const userAccessFlags: FlagTable<UserAccessFlags> = {
  name: { ...clusterNameFlag, shownDefault: 'the current context of the kubeconfig', read: givenName },
  context: textFlag({ long: 'context', value: 'NAME', help: 'context of the kubeconfig, instead of the current one' }),
  kubeconfig: textFlag({
    long: 'kubeconfig',
    value: 'FILE',
    help: 'kubeconfig to use, instead of $KUBECONFIG or ~/.kube/config',
    completes: 'file',
  }),
  namespace: textFlag({ long: 'namespace', value: 'NAME', help: "the pod's namespace, instead of the context's" }),
};

export type OutputFormat = 'text' | 'json';

export const outputFlag = choiceFlag({
  long: 'output',
  short: 'o',
  value: 'FORMAT',
  help: 'how the result is printed: text or json',
  choices: ['text', 'json'],
  otherwise: 'text',
});

function givenName(typed: string | boolean | undefined, env: Environment): string | undefined {
  if (typeof typed === 'string' && typed !== '') return typed;
  return env.KLAB_CLUSTER_NAME || env.KIND_CLUSTER_NAME || undefined;
}
