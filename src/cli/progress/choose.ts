import type { TextOutput } from '../command.ts';
import type { Environment } from '../flags.ts';
import { jsonView } from './json.ts';
import { plainView } from './plain.ts';
import { type ProgressView, silentView } from './view.ts';

export interface ViewChoice {
  readonly verbosity: number;
  readonly quiet: boolean;
  readonly json: boolean;
}

/** Spinners on a terminal that can draw them, else plain lines; JSON lines with `-o json`; nothing with `-q`. */
export async function chooseView(
  stderr: TextOutput,
  env: Environment,
  { verbosity, quiet, json }: ViewChoice,
): Promise<ProgressView> {
  const write = (text: string) => void stderr.write(text);
  if (quiet) return silentView;
  if (json) return jsonView(write);
  if (stderr.isTTY !== true || env.TERM === 'dumb' || env.CI) return plainView(write, verbosity);
  const { spinnerView } = await import('./spinner.ts');
  return spinnerView(stderr, verbosity, !env.NO_COLOR);
}
