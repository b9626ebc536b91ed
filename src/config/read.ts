import { type Document, LineCounter, parseAllDocuments } from 'yaml';
import { type DecodeContext, type Decoder, isNothing, object, string } from './decode.ts';
import { applyDefaults, type Overrides } from './defaults.ts';
import type { ClusterConfig } from './model.ts';
import { splitDocuments } from './patches/documents.ts';
import { FieldLines, type Problem } from './problem.ts';
import { notYet, validateCluster } from './validate.ts';
import { kindV1Alpha4 } from './versions/kind-v1alpha4.ts';
import { type KlabV1Alpha1, klabV1Alpha1 } from './versions/klab-v1alpha1.ts';

const VERSIONS: Readonly<Record<string, Decoder<KlabV1Alpha1>>> = {
  'kind.x-k8s.io/v1alpha4': kindV1Alpha4,
  'klab.dev/v1alpha1': klabV1Alpha1,
};

const readHeader = object({ kind: string, apiVersion: string });

export type ConfigReading =
  | { readonly kind: 'config'; readonly config: ClusterConfig }
  | { readonly kind: 'problems'; readonly problems: readonly LocatedProblem[] };

/** A problem with its line, where it has one. */
export interface LocatedProblem {
  readonly problem: Problem;
  readonly line: number | undefined;
}

/** Reads, fills and validates the text of a cluster file. All problems come back at once, in the file's order. */
export function readClusterConfig(text: string, overrides: Overrides, cwd: string): ConfigReading {
  const lineCounter = new LineCounter();
  const lines = new FieldLines();
  const problems: Problem[] = [];
  const config = readDocuments(text, { lineCounter, lines, problems }, overrides, cwd);
  if (config !== undefined) {
    // A field that could not be read has its default by now, about which there is nothing to say.
    const unread = new Set(problems.map((problem) => problem.path));
    problems.push(...validateCluster(config).filter((problem) => !unread.has(problem.path)));
    // Whether something is yet to be built is only worth saying of a file that is otherwise right.
    if (problems.length === 0) problems.push(...notYet(config));
  }
  if (config !== undefined && problems.length === 0) return { kind: 'config', config: rearranged(config) };
  const located = problems.map((problem) => ({ problem, line: lines.find(problem) }));
  return { kind: 'problems', problems: located.sort((a, b) => (a.line ?? 0) - (b.line ?? 0)) };
}

function readDocuments(
  text: string,
  context: Omit<DecodeContext, 'document'>,
  overrides: Overrides,
  cwd: string,
): ClusterConfig | undefined {
  const { lineCounter, problems } = context;
  const parsed = parseAllDocuments(text, { lineCounter, prettyErrors: false, merge: true });
  problems.push(...parsed.flatMap((document) => syntaxProblems(document, text, lineCounter)));
  if (problems.length > 0) return undefined;
  const documents = parsed.filter((document) => !isNothing(document.contents));
  const [document, second] = documents;
  if (document === undefined) {
    problems.push({
      path: '',
      message: `is empty: begin with\n    kind: Cluster\n    apiVersion: ${Object.keys(VERSIONS)[0]}`,
    });
    return undefined;
  }
  if (second !== undefined) {
    const line = lineCounter.linePos(second.contents?.range?.[0] ?? 0).line;
    problems.push({ path: '', line, message: explainSecond(document, second) });
  }
  const decoder = chooseVersion(document, { ...context, document });
  const written = decoder?.(document.contents, '', { ...context, document });
  if (written === undefined) return undefined;
  problems.push(...cniChosenTwice(written));
  return applyDefaults(written, overrides, cwd);
}

function cniChosenTwice({ networking }: KlabV1Alpha1): readonly Problem[] {
  if (!networking?.disableDefaultCNI || !networking.cni || networking.cni === 'none') return [];
  const message = `${networking.cni} is at odds with disableDefaultCNI: leave that out`;
  return [{ path: 'networking.cni', message }];
}

/** Every key that is there twice, and the first error of syntax: those after it are mostly its echoes. */
function syntaxProblems(document: Document, text: string, lineCounter: LineCounter): readonly Problem[] {
  const [syntax] = document.errors.filter((error) => error.code !== 'DUPLICATE_KEY');
  const told = document.errors.filter((error) => error.code === 'DUPLICATE_KEY' || error === syntax);
  return told.map(({ code, message, pos }) => ({
    path: '',
    message: code === 'DUPLICATE_KEY' ? explainDuplicate(text, pos[0]) : explainSyntax(message),
    line: lineCounter.linePos(pos[0]).line,
  }));
}

/** The decoder for the document's kind and apiVersion; reports what is missing or not known. */
function chooseVersion(document: Document, context: DecodeContext): Decoder<KlabV1Alpha1> | undefined {
  const { problems } = context;
  const header = context.lineCounter.linePos(document.contents?.range?.[0] ?? 0).line;
  // What is wrong with the other fields is told when the whole document is decoded.
  const { kind, apiVersion } = readHeader(document.contents, '', { ...context, problems: [] }) ?? {};
  const known = Object.keys(VERSIONS).join(' or ');
  if (kind !== 'Cluster') {
    const message = kind ? `${JSON.stringify(kind)} is not known: write Cluster` : 'is missing: write "kind: Cluster"';
    problems.push({ path: 'kind', message, ...(kind ? {} : { line: header }) });
  }
  const decoder = apiVersion !== undefined && Object.hasOwn(VERSIONS, apiVersion) ? VERSIONS[apiVersion] : undefined;
  if (decoder === undefined) {
    const message = apiVersion
      ? `${JSON.stringify(apiVersion)} is not known: use ${known}`
      : `is missing: write "apiVersion: ${Object.keys(VERSIONS)[0]}"`;
    problems.push({ path: 'apiVersion', message, ...(apiVersion ? {} : { line: header }) });
  }
  // With one of the two right it is meant to be a cluster: the fields are read to tell their problems as well.
  return decoder ?? (kind === 'Cluster' ? klabV1Alpha1 : undefined);
}

function explainSecond(first: Document, second: Document): string {
  const [a, b] = [first.get('kind'), second.get('kind')].map((kind) => (typeof kind === 'string' ? kind : 'no kind'));
  if (a === b) return `a second ${a} begins here: a file describes one cluster, write the other to its own file`;
  return `a second document (${b}) begins here: a cluster file holds one document, kind Cluster; apply others with kubectl`;
}

function explainDuplicate(text: string, offset: number): string {
  const key = /^[^:\n]*/.exec(text.slice(offset))?.[0]?.trim() ?? '';
  return `${key} is there twice: keep one`;
}

const explainSyntax = (message: string) => `is not valid YAML: ${message.charAt(0).toLowerCase()}${message.slice(1)}`;

/** What may only be done once no problem needs the file's own order any more. */
function rearranged(config: ClusterConfig): ClusterConfig {
  const nodes = config.nodes.map(withSinglePatches);
  return {
    ...withSinglePatches(config),
    nodes: [
      ...nodes.filter((node) => node.role === 'control-plane'),
      ...nodes.filter((node) => node.role !== 'control-plane'),
    ],
  };
}

/** Each merge patch one document, so that whoever applies them need not know of several. */
const withSinglePatches = <T extends { readonly kubeadmConfigPatches: readonly string[] }>(patched: T): T => ({
  ...patched,
  kubeadmConfigPatches: patched.kubeadmConfigPatches.flatMap(splitDocuments),
});
