import { delimiter, join, resolve } from 'node:path';

export interface KubeconfigPlace {
  /** `--kubeconfig`; beats everything. */
  readonly flag?: string | undefined;
  /** `$KUBECONFIG`: files, separated as in PATH. */
  readonly env?: string | undefined;
  readonly home: string;
  readonly cwd: string;
}

/** The files that kubectl reads, in its order: the flag's, or those of $KUBECONFIG, or ~/.kube/config. */
export function kubeconfigPaths({ flag, env, home, cwd }: KubeconfigPlace): readonly string[] {
  if (flag) return [resolve(cwd, flag)];
  const listed = (env ?? '').split(delimiter).filter((path) => path !== '');
  if (listed.length > 0) return [...new Set(listed.map((path) => resolve(cwd, path)))];
  return [join(home, '.kube', 'config')];
}

/** The file that a new entry goes to: the first that exists or, when none does, the last. */
export function kubeconfigToWrite(paths: readonly string[], exists: (path: string) => boolean): string {
  const path = paths.find(exists) ?? paths.at(-1);
  if (path === undefined) throw new RangeError('there is no kubeconfig path');
  return path;
}
