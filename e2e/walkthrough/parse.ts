/** A line of a terminal session that somebody does rather than sees. */
export type Gesture =
  /** Typed at the prompt of the program that runs in the terminal. */
  | { readonly kind: 'type'; readonly text: string }
  | { readonly kind: 'resize'; readonly columns: number; readonly rows: number; readonly line: string };

/** One command of the text, with the output that the text shows below it. */
export interface Step {
  readonly command: string;
  readonly shown: readonly string[];
  /** Only in terminal blocks. */
  readonly gestures: readonly Gesture[];
  /** Line of the command in the document, the first being 1. */
  readonly line: number;
  /** The lines that hold the output: indexes into the document's lines, the last not included. */
  readonly output: { readonly from: number; readonly to: number };
  /** The text goes on with `echo $?`, so this one may fail. */
  readonly mayFail: boolean;
}

export type Block =
  /** A file that the reader writes: its name follows the language, as in ```yaml kind.yaml. */
  | { readonly kind: 'file'; readonly name: string; readonly text: string; readonly line: number }
  | {
      readonly kind: 'console';
      /** Runs in a terminal of 80 columns and 24 rows. */
      readonly terminal: boolean;
      /** What is shown comes about after a while: the command is repeated until it does. */
      readonly soon: boolean;
      /** The lines may come in any order. */
      readonly anyOrder: boolean;
      readonly steps: readonly Step[];
    };

export interface Section {
  readonly title: string;
  readonly blocks: readonly Block[];
}

const words = new Set(['terminal', 'soon', 'any-order']);
const prompt = '$ ';
/** The prompt of a shell in a busybox container. */
export const innerPrompt = '/ # ';

/** Which line said what cannot be read; lines are counted from 1. */
export class WalkthroughError extends Error {
  constructor(line: number, problem: string) {
    super(`line ${line}: ${problem}`);
    this.name = 'WalkthroughError';
  }
}

/**
 * The document's sections (`## …`) and, in each, the files to write and the commands to run. Blocks of other languages,
 * or without a file's name, are only to be read. Throws WalkthroughError.
 */
export function parseWalkthrough(markdown: string): readonly Section[] {
  const lines = markdown.split('\n');
  const sections: { title: string; blocks: Block[] }[] = [{ title: 'Before the first section', blocks: [] }];
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    if (line.startsWith('## ')) sections.push({ title: line.slice(3).trim(), blocks: [] });
    if (!line.startsWith('```')) continue;
    const end = lines.indexOf('```', at + 1);
    if (end === -1) throw new WalkthroughError(at + 1, 'the block is not closed');
    const block = parseBlock(line.slice(3).trim().split(/\s+/), lines, at + 1, end);
    if (block !== undefined) sections.at(-1)?.blocks.push(block);
    at = end;
  }
  return sections.filter(({ blocks }) => blocks.length > 0).map(withLeave);
}

/** A command may fail when the next one of the section asks how it ended. */
function withLeave({ title, blocks }: Section): Section {
  const steps = blocks.flatMap((block) => (block.kind === 'file' ? [] : block.steps));
  const asked = new Set(steps.flatMap(({ line }, index) => (steps[index + 1]?.command === 'echo $?' ? [line] : [])));
  return {
    title,
    blocks: blocks.map((block) =>
      block.kind === 'file'
        ? block
        : { ...block, steps: block.steps.map((step) => ({ ...step, mayFail: asked.has(step.line) })) },
    ),
  };
}

function parseBlock(info: readonly string[], lines: readonly string[], from: number, to: number): Block | undefined {
  const [language = '', ...rest] = info;
  if (language !== 'console') {
    const [name] = rest;
    return name === undefined
      ? undefined
      : { kind: 'file', name, text: `${lines.slice(from, to).join('\n')}\n`, line: from + 1 };
  }
  const unknown = rest.find((word) => !words.has(word));
  if (unknown !== undefined) throw new WalkthroughError(from, `"${unknown}" is none of ${[...words].join(', ')}`);
  const terminal = rest.includes('terminal');
  const steps = parseSteps(lines, from, to, terminal);
  return { kind: 'console', terminal, soon: rest.includes('soon'), anyOrder: rest.includes('any-order'), steps };
}

function parseSteps(lines: readonly string[], from: number, to: number, terminal: boolean): readonly Step[] {
  if (!(lines[from] ?? '').startsWith(prompt)) throw new WalkthroughError(from + 1, 'the block begins with no "$ "');
  const starts: number[] = [];
  for (let at = from; at < to; at += 1) if ((lines[at] ?? '').startsWith(prompt)) starts.push(at);
  return starts.map((start, index) => {
    let last = start;
    while ((lines[last] ?? '').endsWith('\\') && last + 1 < to) last += 1;
    const output = { from: last + 1, to: starts[index + 1] ?? to };
    const shown = lines.slice(output.from, output.to);
    return {
      command: lines
        .slice(start, last + 1)
        .join('\n')
        .slice(prompt.length),
      shown,
      gestures: terminal ? gesturesIn(shown) : [],
      line: start + 1,
      output,
      mayFail: false,
    };
  });
}

const resizeLine = /^\[the window now has (\d+) columns and (\d+) rows\]$/;

function gesturesIn(shown: readonly string[]): readonly Gesture[] {
  return shown.flatMap((line): Gesture[] => {
    if (line.startsWith(innerPrompt)) return [{ kind: 'type', text: line.slice(innerPrompt.length) }];
    const resize = resizeLine.exec(line);
    return resize === null ? [] : [{ kind: 'resize', columns: Number(resize[1]), rows: Number(resize[2]), line }];
  });
}

/** The document with other outputs; `outputs` are keyed by the line of their command. */
export function rewriteOutputs(
  markdown: string,
  sections: readonly Section[],
  outputs: ReadonlyMap<number, readonly string[]>,
): string {
  const lines: (string | readonly string[])[] = markdown.split('\n');
  const steps = sections.flatMap(({ blocks }) => blocks.flatMap((block) => (block.kind === 'file' ? [] : block.steps)));
  for (const { line, output } of [...steps].reverse()) {
    const replacement = outputs.get(line);
    if (replacement !== undefined) lines.splice(output.from, output.to - output.from, ...replacement);
  }
  return lines.join('\n');
}
