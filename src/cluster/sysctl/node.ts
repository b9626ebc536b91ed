import { closestWord } from '../../base/closest-word.ts';
import type { ContainerEngine } from '../../engine/port.ts';
import { runOnNode } from '../node-command.ts';
import { parseKept, pathOf, renderKept, type Sysctls, spellSysctl, spellValue } from './decide.ts';
import { sysctlUnknown } from './errors.ts';

/** Read after the files of the node image and of the cluster's configuration, so what is set later wins. */
export const keptFile = '/etc/sysctl.d/95-klab-set.conf';

/** Each file's value on one line, after its number; nothing for those that the kernel does not have. */
const readScript = `i=0; for file; do
  if [ -f "$file" ] && value=$(cat "$file" 2>/dev/null); then echo "$i $(echo $value)"; fi
  i=$((i + 1))
done`;

/** The values of those settings that the node has. */
async function readValues(
  engine: ContainerEngine,
  node: string,
  names: readonly string[],
  signal?: AbortSignal,
): Promise<Sysctls> {
  const argv = ['sh', '-fc', readScript, 'sh', ...names.map(pathOf)];
  const output = await runOnNode(engine, node, argv, signal === undefined ? {} : { signal });
  const pairs = output.split('\n').flatMap((line): [string, string][] => {
    const match = /^(\d+) (.*)$/.exec(line);
    const name = names[Number(match?.[1] ?? names.length)];
    return name === undefined ? [] : [[name, spellValue(match?.[2] ?? '')]];
  });
  return Object.fromEntries(pairs);
}

/** Throws SYSCTL_UNKNOWN for the first that the node does not have. */
export async function readAll(
  engine: ContainerEngine,
  node: string,
  names: readonly string[],
  signal: AbortSignal,
): Promise<Sysctls> {
  const values = await readValues(engine, node, names, signal);
  const missing = names.find((name) => values[name] === undefined);
  if (missing !== undefined) throw sysctlUnknown(missing, node, closestWord(missing, await listNames(engine, node)));
  return values;
}

/** The names of all that a node has for itself and the machine shows it. */
export async function listNames(engine: ContainerEngine, node: string): Promise<readonly string[]> {
  const { stdout } = await engine.exec(node, ['sysctl', '-aN'], { timeoutMs: 20_000 });
  return stdout.split('\n').filter(Boolean).map(spellSysctl);
}

/**
 * Answers what the kernel said against it, or undefined when all are set. Those before a refused one are set. A setting
 * that may only be read here is told by what sysctl prints: it exits with 0 all the same.
 */
export async function writeValues(engine: ContainerEngine, node: string, values: Sysctls): Promise<string | undefined> {
  const pairs = Object.entries(values).map(([name, value]) => `${name}=${value}`);
  const { exitCode, stderr } = await engine.exec(node, ['sysctl', '-q', '-w', ...pairs], { timeoutMs: 20_000 });
  const said = stderr.trim();
  return exitCode === 0 && said === '' ? undefined : said || `sysctl exited with ${exitCode}`;
}

/** What is set again whenever the node boots. */
export async function readKept(engine: ContainerEngine, node: string): Promise<Sysctls> {
  return parseKept(await runOnNode(engine, node, ['sh', '-c', `cat ${keptFile} 2>/dev/null || true`]));
}

/** In one piece: a node that stops meanwhile has the old file or the new one. */
export async function writeKept(engine: ContainerEngine, node: string, kept: Sysctls): Promise<void> {
  const script =
    Object.keys(kept).length === 0 ? `rm -f ${keptFile}` : `cat > ${keptFile}.new && mv ${keptFile}.new ${keptFile}`;
  await runOnNode(engine, node, ['sh', '-c', script], { input: renderKept(kept) });
}
