import { kubeconfigText, parseKubeconfig, setNamed } from './document.ts';
import { type KubeconfigEntry, renderKubeconfig } from './entry.ts';

/**
 * The kubeconfig with the entry added, or put in the place of the one of its name, and made the current context.
 * Everyone else's entries, comments and order stay. Throws KUBECONFIG_CORRUPT; `path` names the file in it.
 */
export function mergeKubeconfig(text: string, entry: KubeconfigEntry, path: string): string {
  const document = parseKubeconfig(text, path);
  if (document === undefined) return renderKubeconfig(entry);
  const { name, cluster, user } = entry;
  if (!document.has('apiVersion')) document.set('apiVersion', 'v1');
  if (!document.has('kind')) document.set('kind', 'Config');
  setNamed(document, 'clusters', name, { cluster, name });
  setNamed(document, 'contexts', name, { context: { cluster: name, user: name }, name });
  setNamed(document, 'users', name, { name, user });
  document.set('current-context', name);
  return kubeconfigText(document, text);
}
