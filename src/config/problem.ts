import { isMap, isScalar, type Node } from 'yaml';

/** One thing that is wrong with a configuration. */
export interface Problem {
  /** The field, like `nodes[1].extraPortMappings[0].hostPort`; '' for the document as a whole. */
  readonly path: string;
  /** What is wrong and, after a colon, what to do about it. */
  readonly message: string;
  /** Line inside the field's own text, from 1: for a patch, which is a document of its own. */
  readonly innerLine?: number;
  /** Line of the file, where that is known better than from the path. */
  readonly line?: number;
}

/** Where the fields of a configuration file are, by their path. */
export class FieldLines {
  private readonly lines = new Map<string, { readonly line: number; readonly blockText: boolean }>();

  /** `line` counts from 1; `node` is the field's value. */
  add(path: string, line: number, node: Node | null): void {
    const blockText = isScalar(node) && (node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED');
    this.lines.set(path, { line, blockText });
  }

  /** The line of the field or, where it is not in the file, of the nearest one around it that is. */
  find(problem: Problem): number | undefined {
    if (problem.line !== undefined) return problem.line;
    for (let path = problem.path; ; path = parentOf(path)) {
      const found = this.lines.get(path);
      if (found !== undefined) {
        // A block's text begins on the line below its `|`.
        const inside = path === problem.path && found.blockText && problem.innerLine !== undefined;
        return inside ? found.line + (problem.innerLine ?? 0) : found.line;
      }
      if (path === '') return undefined;
    }
  }
}

/** `path` extended by a field's name: `.name`, or `["a.b/c"]` where the name is not a plain word. */
export function fieldPath(path: string, name: string): string {
  if (!/^[A-Za-z_]\w*$/.test(name)) return `${path}[${JSON.stringify(name)}]`;
  return path === '' ? name : `${path}.${name}`;
}

const parentOf = (path: string): string => path.replace(/(^|\.)[^.[\]]+$|\["(?:[^"\\]|\\.)*"\]$|\[\d+\]$/, '');

/** `file:line  field  what is wrong: remedy`, with what is not known left out. */
export function renderProblem(problem: Problem, source: string | undefined, line: number | undefined): string {
  const place = source === undefined ? undefined : line === undefined ? source : `${source}:${line}`;
  return [place, problem.path || undefined, problem.message].filter((part) => part !== undefined).join('  ');
}

/** What a YAML node is, in words: for "expected a list, found …". */
export function describeNode(node: Node | null): string {
  if (node === null) return 'nothing';
  if (isMap(node)) return 'a map';
  if (!isScalar(node)) return 'a list';
  if (typeof node.value === 'string') return `the text ${JSON.stringify(shortened(node.value))}`;
  return String(node.source ?? node.value);
}

const shortened = (text: string) => (text.length > 40 ? `${text.slice(0, 40)}…` : text);
