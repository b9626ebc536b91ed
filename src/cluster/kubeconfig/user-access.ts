import { readFile } from 'node:fs/promises';
import { type KubeconfigAccess, parseKubeconfig as parseAccess } from '../../api/kubeconfig.ts';
import { codeOf } from '../../base/errors.ts';
import { parseKubeconfig } from './document.ts';
import { contextName } from './entry.ts';
import { contextNotFound, kubeconfigNotReadable, noCurrentContext } from './errors.ts';
import { type KubeconfigPlace, kubeconfigPaths } from './paths.ts';

/** Which of the contexts that kubectl would see is meant; neither: the current one. */
export interface ContextChoice {
  readonly context: string | undefined;
  /** Name of a klab cluster, whose context `klab export kubeconfig` writes. */
  readonly cluster: string | undefined;
}

/**
 * How the user of the kubeconfig reaches a cluster, found as kubectl finds it: the first file that has the context, or
 * sets a current one. Its cluster and user are looked for in the same file. Throws CONTEXT_NOT_FOUND,
 * KUBECONFIG_CORRUPT, KUBECONFIG_NOT_READABLE or BAD_KUBECONFIG.
 */
export async function userAccess(place: KubeconfigPlace, choice: ContextChoice): Promise<KubeconfigAccess> {
  const paths = kubeconfigPaths(place);
  const files = (await Promise.all(paths.map(readKubeconfig))).flatMap((file) => file ?? []);
  const wanted =
    choice.context ??
    (choice.cluster === undefined ? undefined : contextName(choice.cluster)) ??
    files.map(({ current }) => current).find((name) => name !== '');
  if (wanted === undefined) throw noCurrentContext(paths);
  const file = files.find(({ contexts }) => contexts.includes(wanted));
  if (file === undefined) {
    throw contextNotFound(wanted, choice.cluster, [...new Set(files.flatMap(({ contexts }) => contexts))]);
  }
  return parseAccess(file.text, file.path, wanted);
}

interface KubeconfigFile {
  readonly path: string;
  readonly text: string;
  readonly current: string;
  readonly contexts: readonly string[];
}

/** A file that is not there is no error, as for kubectl. */
async function readKubeconfig(path: string): Promise<KubeconfigFile | undefined> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw kubeconfigNotReadable(path, error);
  });
  const document = text === undefined ? undefined : parseKubeconfig(text, path);
  if (text === undefined || document === undefined) return undefined;
  const { 'current-context': current, contexts } = document.toJS() as Record<string, unknown>;
  const names = Array.isArray(contexts) ? contexts.map((context: unknown) => nameOf(context)) : [];
  return {
    path,
    text,
    current: typeof current === 'string' ? current : '',
    contexts: names.filter((name) => name !== ''),
  };
}

const nameOf = (item: unknown): string =>
  typeof item === 'object' && item !== null && 'name' in item && typeof item.name === 'string' ? item.name : '';
