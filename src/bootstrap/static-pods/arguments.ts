import type { Arg } from '../kubeadm-config/schema.ts';

/**
 * A component's command line: klab's arguments sorted by name, then the user's in their order, which replace those of
 * the same name.
 */
export function renderArguments(base: Readonly<Record<string, string>>, extra: readonly Arg[]): readonly string[] {
  const replaced = new Set(extra.map((arg) => arg.name));
  return [
    ...Object.entries(base)
      .filter(([name]) => !replaced.has(name))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => `--${name}=${value}`),
    ...extra.map((arg) => `--${arg.name}=${arg.value}`),
  ];
}

/** The value the user gave an argument last, if any. */
export const findArgument = (extra: readonly Arg[], name: string): string | undefined =>
  extra.findLast((arg) => arg.name === name)?.value;
