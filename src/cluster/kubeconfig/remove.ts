import { kubeconfigText, LISTS, parseKubeconfig, removeNamed } from './document.ts';

/**
 * The kubeconfig without the cluster, user and context of this name, which is no longer the current one either;
 * undefined when it holds none of them. Throws KUBECONFIG_CORRUPT; `path` names the file in it.
 */
export function removeFromKubeconfig(text: string, name: string, path: string): string | undefined {
  const document = parseKubeconfig(text, path);
  if (document === undefined) return undefined;
  const removed = LISTS.map((list) => removeNamed(document, list, name));
  const wasCurrent = document.get('current-context') === name;
  if (wasCurrent) document.set('current-context', '');
  return wasCurrent || removed.includes(true) ? kubeconfigText(document, text) : undefined;
}
