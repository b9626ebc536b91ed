import type { AnyCommand } from './command.ts';
import type { Completes, Flag } from './flags.ts';

/** What the shell is to offer: words, or whatever it offers for files or folders. */
export type Candidates =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'files' }
  | { readonly kind: 'folders' };

/** Names that only the engine knows. */
export interface DynamicNames {
  readonly clusters: () => Promise<readonly string[]>;
  readonly nodes: () => Promise<readonly string[]>;
}

const GLOBAL_FLAGS = ['--help', '--quiet', '--verbosity', '--version'];

/** What can follow `words`, the last of which is being typed (and may be empty). */
export async function completeWords(
  words: readonly string[],
  commands: readonly AnyCommand[],
  names: DynamicNames,
): Promise<Candidates> {
  const current = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  if (before.includes('--')) return { kind: 'files' };
  const typed = before.filter((word) => !word.startsWith('-'));
  const command = findCommand(typed, commands);
  const flags = command?.flags ?? [];
  const pending = flagOf(before.at(-1), flags);
  if (pending?.value !== undefined) return candidates(pending.completes, current, names);
  if (current.startsWith('-')) {
    return matching([...flags.map((flag) => `--${flag.long}`), ...(typed.length === 0 ? GLOBAL_FLAGS : [])], current);
  }
  const nextWords = subcommands(typed, commands);
  if (nextWords.length > 0) return matching(nextWords, current);
  return candidates(command?.argument?.completes, current, names);
}

/** The command whose words these begin with; `create` alone is `create cluster`. */
function findCommand(typed: readonly string[], commands: readonly AnyCommand[]): AnyCommand | undefined {
  const named = commands.find((command) =>
    spellings(command).some((spelling) => spelling.every((word, i) => typed[i] === word)),
  );
  return named ?? commands.find((command) => command.isDefault && command.path.split(' ')[0] === typed[0]);
}

function subcommands(typed: readonly string[], commands: readonly AnyCommand[]): readonly string[] {
  const following = commands
    .filter((command) => !command.hidden)
    .flatMap(spellings)
    .filter((spelling) => spelling.length > typed.length && typed.every((word, i) => spelling[i] === word))
    .map((spelling) => spelling[typed.length] ?? '');
  return [...new Set(following)].sort();
}

const spellings = (command: AnyCommand): readonly (readonly string[])[] => {
  const words = command.path.split(' ');
  return [words, ...(command.aliases ?? []).map((alias) => [...words.slice(0, -1), alias])];
};

const flagOf = (word: string | undefined, flags: readonly Flag<unknown>[]): Flag<unknown> | undefined =>
  flags.find((flag) => word === `--${flag.long}` || (flag.short !== undefined && word === `-${flag.short}`));

async function candidates(completes: Completes | undefined, current: string, names: DynamicNames): Promise<Candidates> {
  switch (completes) {
    case undefined:
      return { kind: 'words', words: [] };
    case 'file':
      return { kind: 'files' };
    case 'folder':
      return { kind: 'folders' };
    case 'cluster':
      return matching(await names.clusters(), current);
    case 'node':
      return matching(await names.nodes(), current);
    default:
      return matching(completes, current);
  }
}

const matching = (words: readonly string[], current: string): Candidates => ({
  kind: 'words',
  words: words.filter((word) => word.startsWith(current)),
});
