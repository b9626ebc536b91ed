import { stageMissing } from './errors.ts';

/**
 * One stage of a multi-stage Dockerfile as a Dockerfile of its own, built from `base` instead of from the stage that
 * it names. Stages are built one at a time so that each is cached by its inputs, on engines without BuildKit too.
 */
export function stageDockerfile(dockerfile: string, stage: string, base: string): string {
  const lines = dockerfile.split('\n');
  const start = lines.findIndex((line) => new RegExp(`^FROM \\S+ AS ${stage}$`).test(line));
  if (start === -1) throw stageMissing(stage);
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => line.startsWith('FROM '));
  const body = end === -1 ? rest : rest.slice(0, end);
  return `${[`FROM ${base}`, ...body].join('\n').trimEnd()}\n`;
}
