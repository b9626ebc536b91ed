// Runs upstream's own end-to-end tests, unedited, against a klab cluster. Usage: node e2e/conformance/main.ts --help
import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { ExecaError } from 'execa';
import * as z from 'zod';
import { messageOf } from '../../src/base/errors.ts';
import { cacheFolder, imageVersions } from '../../src/image/index.ts';
import { ensureCluster, type KubeletKind, pullImages, removeCluster } from './cluster.ts';
import { selectTests } from './focus.ts';
import { buildTestImages, imagesKey } from './images.ts';
import { folder, root } from './paths.ts';
import { buildPrograms, kubernetesModule } from './programs.ts';
import { ensureRegistry, removeRegistry } from './registry.ts';
import { compareWithBefore, parsePassed, renderMarkdown, renderPassed } from './report.ts';
import { runSuite } from './run.ts';

const say = (line: string): void => console.error(`==> ${line}`);

const command = new Command('conformance')
  .description("Runs upstream's end-to-end tests against a cluster of this checkout's kubelet")
  .option(
    '--focus <set>',
    'sig-node, NodeConformance, node (both), DRA, quick, Conformance, or a regular expression',
    'sig-node',
  )
  .option('--skip <pattern>', 'leave out tests whose names match')
  .option('--flake-attempts <n>', 'run a test that fails again, so many times in all', '1')
  .option('--procs <n>', 'tests that run side by side', String(cpus().length * 3))
  .option('--kubelet <kind>', "every node's kubelet: klab or upstream", 'klab')
  .option('--cluster <name>', 'the cluster, made when it is not there')
  .option('--timeout <duration>', 'end the run after this time', '2h')
  .option('--out <folder>', 'where reports go')
  .option('--keep', 'keep the cluster and the registry for the next run', false)
  .option('--update', 'write the tests that passed into the list that later runs are held against', false)
  .addHelpText(
    'after',
    `
Examples:
  make conformance                                 the 104 conformance tests of sig-node
  make conformance FOCUS=NodeConformance           every test that is marked so
  make conformance FOCUS='Probing container' ARGS=--keep
  make conformance ARGS='--kubelet upstream'       the same with upstream's kubelet on every node
`,
  );

const passedFile = join(folder, 'passed.txt');

/** Tests that fail with upstream's kubelet on such a machine as well → what the machine lacks. */
const knownFailuresFile = join(folder, 'known-failures.json');

async function main(): Promise<number> {
  const options = command.parse().opts<{
    focus: string;
    skip?: string;
    flakeAttempts: string;
    procs: string;
    kubelet: KubeletKind;
    cluster?: string;
    timeout: string;
    out?: string;
    keep: boolean;
    update: boolean;
  }>();
  if (options.kubelet !== 'klab' && options.kubelet !== 'upstream')
    command.error(`error: --kubelet must be klab or upstream, not "${options.kubelet}"`);
  const procs = Number(options.procs);
  if (!Number.isInteger(procs) || procs < 1) command.error(`error: --procs must be a whole number from 1`);
  const name = options.cluster ?? (options.kubelet === 'klab' ? 'conformance' : 'conformance-upstream');
  const out = options.out ?? join(root, 'dist', name);
  const selection = selectTests(options.focus);
  const skip = [selection.skip, options.skip].filter((pattern) => pattern !== undefined).join('|');
  const { focus } = selection;

  say("building upstream's tests");
  const suite = await buildPrograms('suite', say);
  const registry = await buildPrograms('registry', say);
  // The newest base comes first in the list that the image's build keeps.
  const base = (await readFile(join(cacheFolder(process.env), 'images/debian'), 'utf8')).split('\n')[0] ?? '';
  const key = await imagesKey(base, suite.key);
  const registryName = `${name}-registry`;
  try {
    // The cluster comes first: with it comes the network that the registry is on.
    const cluster = await ensureCluster(name, options.kubelet, say);
    say('the registry of the test images');
    const program = join(registry.folder, 'registry');
    await ensureRegistry({ name: registryName, program, key, report: say }, async () =>
      buildTestImages({ base, programs: suite.folder, kubernetes: await kubernetesModule(), report: say }),
    );
    say('pulling the common test images on every node');
    await pullImages(cluster, registryName);
    say(`running ${focus} with ${procs} side by side; reports go to ${out}`);
    const results = await runSuite({
      programs: suite.folder,
      kubeconfig: cluster.kubeconfig,
      focus,
      ...(skip === '' ? {} : { skip }),
      flakeAttempts: options.flakeAttempts,
      procs,
      out,
      timeout: options.timeout,
    });
    const facts = {
      kubelet: options.kubelet === 'klab' ? `klab ${revision()}` : `upstream's, ${imageVersions.kubernetes}`,
      Kubernetes: imageVersions.kubernetes,
      tests: `\`${focus}\`${skip === '' ? '' : `, without \`${skip}\``}`,
      date: new Date().toISOString().slice(0, 10),
    };
    const title = `Upstream's tests: ${options.focus}`;
    await writeFile(join(out, 'report.md'), renderMarkdown(title, facts, results));
    const before = parsePassed(await readFile(passedFile, 'utf8').catch(() => ''));
    const knownFailures = z.record(z.string(), z.string()).parse(JSON.parse(await readFile(knownFailuresFile, 'utf8')));
    const { known, unexpected, broken, gained } = compareWithBefore(results, before, knownFailures);
    if (options.update && options.kubelet === 'klab') await writeFile(passedFile, renderPassed(results, before));
    const sum = (outcome: string) => results.filter((result) => result.outcome === outcome).length;
    const counts = { passed: sum('passed'), failed: unexpected.length, skipped: sum('skipped') + known.length };
    await writeFile(join(out, 'counts.json'), JSON.stringify(counts));
    for (const result of results)
      if (result.outcome === 'failed') console.log(`FAILED  ${result.name}\n        ${result.because ?? ''}`);
    for (const result of results)
      if (result.outcome === 'skipped') console.log(`skipped ${result.name}\n        ${result.because ?? ''}`);
    for (const test of known) console.log(`cannot pass here: ${test}\n        ${knownFailures[test]}`);
    for (const test of broken) console.log(`passed before and fails now: ${test}`);
    if (gained.length > 0) console.log(`${gained.length} passed that are not in ${passedFile.slice(root.length + 1)}`);
    console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
    if (results.length === 0) {
      console.error(`no test's name matches ${focus}`);
      return 1;
    }
    return counts.failed === 0 ? 0 : 1;
  } finally {
    if (!options.keep) {
      await removeCluster(name);
      await removeRegistry(registryName);
    }
  }
}

const revision = (): string =>
  execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();

const shownLines = 20;

process.exitCode = await main().catch((error: unknown) => {
  // A program that failed says why in its last lines; what it printed before is of no use here.
  const output = error instanceof ExecaError ? `${error.stdout ?? ''}\n${error.stderr ?? ''}`.trim().split('\n') : [];
  console.error(`error: ${error instanceof ExecaError ? error.shortMessage : messageOf(error)}`);
  for (const line of output.slice(-shownLines)) console.error(`  ${line}`);
  return 1;
});
