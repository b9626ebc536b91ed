import { type Document, isMap, isScalar, isSeq, type YAMLSeq } from 'yaml';
import { unifiedDiff } from '../diff.ts';
import { describeObject, type ManifestObject, type ManifestPart } from '../manifest.ts';
import { decideEdits, type Edit } from './decide-edits.ts';
import type { CalicoFacts } from './facts.ts';
import type { CalicoManifest } from './recognise.ts';

/** A manifest that is ready to be applied to one cluster. */
export interface FittedManifest {
  readonly objects: readonly ManifestObject[];
  readonly edits: readonly Edit[];
  /** What changed, as a unified diff of the objects that did; '' when nothing had to. */
  readonly diff: string;
}

/** Fits Calico's manifest to a cluster; comments and everything else stay as they were written. */
export function fitCalico(calico: CalicoManifest, facts: CalicoFacts): FittedManifest {
  const edits = decideEdits(calico, facts);
  const config = editPart(calico.config, edits.filter(isOfConfig), calico.containerIndex);
  const node = editPart(
    calico.node,
    edits.filter((edit) => !isOfConfig(edit)),
    calico.containerIndex,
  );
  const changed = new Map([
    [calico.config, config],
    [calico.node, node],
  ]);
  return {
    objects: calico.manifest.parts.map((part) => changed.get(part)?.object ?? part.object),
    edits,
    diff: [...changed].map(([before, after]) => diffOf(before, after)).join(''),
  };
}

const isOfConfig = (edit: Edit): boolean => edit.kind === 'setData';

function diffOf(before: ManifestPart, after: ManifestPart): string {
  const name = describeObject(before.object);
  return unifiedDiff(textOf(before), textOf(after), `${name} (published)`, `${name} (fitted)`);
}

const textOf = ({ document }: ManifestPart): string => document.toString({ lineWidth: 0 });

function editPart(part: ManifestPart, edits: readonly Edit[], containerIndex: number): ManifestPart {
  if (edits.length === 0) return part;
  const document = part.document.clone();
  for (const edit of edits) applyEdit(document, edit, containerIndex);
  const object: ManifestObject = { ...part.object, ...document.toJS() };
  return { document, object };
}

function applyEdit(document: Document, edit: Edit, containerIndex: number): void {
  const container = ['spec', 'template', 'spec', 'containers', containerIndex];
  switch (edit.kind) {
    case 'setData':
      setText(document, ['data', edit.key], edit.value);
      return;
    case 'setEnv':
      setEnv(document, [...container, 'env'], edit.name, edit.value);
      return;
    case 'dropArgument': {
      const command = document.getIn([...container, edit.probe, 'exec', 'command']);
      if (isSeq(command)) command.items = command.items.filter((item) => scalarText(item) !== edit.argument);
    }
  }
}

/** Keeps the way the text was quoted, and its comment, where there is one already. */
function setText(document: Document, path: readonly (string | number)[], value: string): void {
  const there = document.getIn(path, true);
  if (isScalar(there)) there.value = value;
  else document.setIn(path, value);
}

function setEnv(document: Document, path: readonly (string | number)[], name: string, value: string): void {
  const list = document.getIn(path);
  const index = isSeq(list) ? indexOfEnv(list, name) : -1;
  if (index === -1) {
    document.addIn(path, document.createNode({ name, value }));
    return;
  }
  document.deleteIn([...path, index, 'valueFrom']);
  setText(document, [...path, index, 'value'], value);
}

const indexOfEnv = (list: YAMLSeq, name: string): number =>
  list.items.findIndex((item) => isMap(item) && item.get('name') === name);

const scalarText = (item: unknown): unknown => (isScalar(item) ? item.value : item);
