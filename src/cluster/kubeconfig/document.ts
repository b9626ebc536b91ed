import { type Document, isMap, isScalar, isSeq, LineCounter, parseAllDocuments, type YAMLMap, YAMLSeq } from 'yaml';
import { kubeconfigCorrupt } from './errors.ts';

/** The three lists of a kubeconfig, whose items have a name each. */
export const LISTS = ['clusters', 'contexts', 'users'] as const;
export type ListName = (typeof LISTS)[number];

/**
 * A kubeconfig as a document that can be changed without losing comments and order; undefined when the text holds
 * nothing. Throws KUBECONFIG_CORRUPT when it is no kubeconfig; `path` names it.
 */
export function parseKubeconfig(text: string, path: string): Document | undefined {
  const lineCounter = new LineCounter();
  const [document, second] = parseAllDocuments(text, { lineCounter, prettyErrors: false });
  const [error] = document?.errors ?? [];
  if (error !== undefined) throw kubeconfigCorrupt(path, error.message, lineCounter.linePos(error.pos[0]).line);
  if (second !== undefined) throw kubeconfigCorrupt(path, 'it holds more than one document');
  if (document === undefined || isNothing(document.contents)) return undefined;
  if (!isMap(document.contents)) throw kubeconfigCorrupt(path, 'it is not a map of fields');
  const kind = document.get('kind');
  if (kind !== undefined && kind !== 'Config') throw kubeconfigCorrupt(path, `its kind is ${kind}, not Config`);
  for (const list of LISTS) {
    const value = document.get(list);
    if (value !== undefined && value !== null && !isSeq(value)) throw kubeconfigCorrupt(path, `${list} is not a list`);
  }
  return document;
}

/** The text of a changed document, laid out as `original` is: long lines whole, lists indented as they were. */
export const kubeconfigText = (document: Document, original: string): string =>
  document.toString({ lineWidth: 0, flowCollectionPadding: false, indentSeq: /^\w+:[ \t]*\n[ \t]+- /m.test(original) });

/** Puts `item` in place of the one of that name, or at the list's end. */
export function setNamed(
  document: Document,
  list: ListName,
  name: string,
  item: Readonly<Record<string, unknown>>,
): void {
  const node = document.createNode(item);
  const items = listOf(document, list);
  if (items === undefined) {
    const created = new YAMLSeq();
    created.add(node);
    document.set(list, created);
    return;
  }
  const at = items.items.findIndex((each) => nameOf(each) === name);
  if (at === -1) {
    // An empty list is written `[]`, and what is added to such a one would be written in brackets too.
    if (items.items.length === 0) items.flow = false;
    items.add(node);
    return;
  }
  items.items[at] = node;
  removeNamed(document, list, name, at + 1);
}

/** Takes every item of that name, from the index `from` on, out of the list; answers whether there was one. */
export function removeNamed(document: Document, list: ListName, name: string, from = 0): boolean {
  const items = listOf(document, list);
  if (items === undefined) return false;
  const kept = items.items.filter((each, i) => i < from || nameOf(each) !== name);
  const removed = kept.length < items.items.length;
  if (removed) items.items = kept;
  return removed;
}

function listOf(document: Document, list: ListName): YAMLSeq | undefined {
  const value = document.get(list);
  return isSeq(value) ? value : undefined;
}

const nameOf = (item: unknown): unknown => (isMap(item) ? (item satisfies YAMLMap).get('name') : undefined);

const isNothing = (node: unknown): boolean => node === null || (isScalar(node) && node.value === null);
