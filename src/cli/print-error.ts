import { inspect } from 'node:util';
import { Chalk } from 'chalk';
import { KlabError, messageOf } from '../base/errors.ts';

export interface ErrorStyle {
  readonly verbosity: number;
  readonly color: boolean;
  readonly json: boolean;
}

/**
 * An error as the user reads it: the message, the output of what failed, the hint; causes and stacks from `-v 1` on.
 * As JSON it is one line with the code too.
 */
export function renderError(error: unknown, style: ErrorStyle): string {
  if (style.json) return `${JSON.stringify({ error: asJson(error) })}\n`;
  const chalk = new Chalk({ level: style.color ? 1 : 0 });
  const parts = [`${chalk.red.bold('ERROR:')} ${messageOf(error)}`];
  if (error instanceof KlabError) {
    if (error.output) parts.push(indented(error.output));
    if (error.hint) parts.push(`${chalk.cyan('Hint:')} ${error.hint.replaceAll('\n', '\n      ')}`);
  }
  if (style.verbosity >= 1) parts.push(chalk.dim(traceOf(error)));
  // A mistake of klab's own says nothing to its user; whoever mends it needs the stack.
  else if (!(error instanceof KlabError))
    parts.push(`${chalk.cyan('Hint:')} this is a mistake in klab; -v 1 shows where`);
  return `${parts.join('\n')}\n`;
}

const indented = (text: string): string => text.trimEnd().replaceAll(/^/gm, '  ');

function traceOf(error: unknown): string {
  if (!(error instanceof Error)) return inspect(error);
  const { stack = String(error), cause } = error;
  return cause === undefined ? stack : `${stack}\ncaused by: ${traceOf(cause)}`;
}

function asJson(error: unknown): Readonly<Record<string, unknown>> {
  if (!(error instanceof KlabError)) return { code: 'INTERNAL', message: messageOf(error) };
  const { code, message, hint, output } = error;
  return { code, message, hint, output };
}
