import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { defaultNodeImage } from '../../src/image/index.ts';
import { buildStandIn, removeStandIn } from '../cni/stand-in/images.ts';
import { standInManifest } from '../cni/stand-in/manifest.ts';
import { ensureKubectl, image, kubeconfigOf, sharedClusters } from '../harness/cluster.ts';
import { klab, mustKlab, root } from '../harness/run.ts';
import { parseWalkthrough, rewriteOutputs } from './parse.ts';
import { shownCluster } from './rename.ts';
import { type Played, type ReplayPorts, replaySection } from './replay.ts';
import { openShell, type Shell } from './shell.ts';
import { runInTerminal } from './terminal.ts';
import { renderTranscript } from './transcript.ts';

/**
 * Plays docs/walkthrough.md. With UPDATE_DOCS=1 the text learns what its commands print now, and the transcript is
 * recorded: then the cluster has the text's own name, which must be free.
 */
const learn = process.env.UPDATE_DOCS === '1';
const cluster = learn ? shownCluster : sharedClusters.walkthrough.name;
const documentFile = join(root, 'docs/walkthrough.md');
const markdown = readFileSync(documentFile, 'utf8');
const sections = parseWalkthrough(markdown);

const played: Played[] = [];
let failed = false;
let ours = false;
let versions: readonly string[] = [];
let shell: Shell;
let folder = '';
let env: Record<string, string | undefined> = {};

const ports: ReplayPorts = {
  run: (command, timeoutMs) => shell.run(command, timeoutMs),
  async runInTerminal(command, gestures, timeoutMs) {
    const outcome = await runInTerminal(command, gestures, { folder, env }, timeoutMs);
    shell.setExitCode(outcome.exitCode);
    return outcome;
  },
  writeFile: (name, text) => writeFileSync(join(folder, name), text, { mode: text.startsWith('#!') ? 0o755 : 0o644 }),
  nowMs: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

beforeAll(async () => {
  const { stdout } = await klab(['get', 'clusters']);
  expect(stdout.split('\n'), `a cluster "${cluster}" is there already`).not.toContain(cluster);
  ours = true;
  await ensureKubectl();
  folder = mkdtempSync(join(tmpdir(), 'klab-walk-'));
  const bin = join(folder, '.bin');
  mkdirSync(bin);
  const imageFlag = image === undefined ? '' : ` --image '${image}'`;
  writeFileSync(
    join(bin, 'klab'),
    `#!/bin/sh\ncase "$1" in create) exec '${root}/bin/klab' "$@"${imageFlag} ;; esac\nexec '${root}/bin/klab' "$@"\n`,
    { mode: 0o755 },
  );
  const path = [bin, join(root, 'dist/bin'), process.env.PATH].join(delimiter);
  env = { ...process.env, PATH: path, KUBECONFIG: kubeconfigOf(cluster), LC_ALL: 'C.UTF-8', TZ: 'UTC' };
  shell = openShell({ folder, env });
});

afterAll(async () => {
  shell?.close();
  const transcript = renderTranscript({ recordedAt: new Date(), versions }, played);
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(join(root, 'dist/walkthrough-transcript.txt'), transcript);
  if (learn && !failed) {
    writeFileSync(join(root, 'docs/walkthrough-transcript.txt'), transcript);
    const outputs = new Map(played.filter(({ learnt }) => learnt).map(({ step, output }) => [step.line, output]));
    writeFileSync(documentFile, rewriteOutputs(markdown, sections, outputs));
  }
  if (ours && process.env.KLAB_E2E_KEEP === undefined && (learn || !failed))
    await mustKlab(['delete', 'clusters', cluster, '--kubeconfig', kubeconfigOf(cluster)]);
  await removeStandIn();
  if (folder !== '') rmSync(folder, { recursive: true, force: true });
});

/** What the transcript says it ran on. */
async function seeVersions(): Promise<readonly string[]> {
  const { output } = await shell.run(
    "klab version; docker version --format 'Docker {{.Server.Version}}'; kubectl get nodes -o jsonpath='{.items[0].status.nodeInfo.kubeletVersion}, {.items[0].status.nodeInfo.containerRuntimeVersion}, {.items[0].status.nodeInfo.osImage}'",
    60_000,
  );
  return [...output.trim().split('\n'), `Linux ${release()}`];
}

/** What the reader has and this machine has not: Calico's manifest and images. Something of their shape stands in. */
async function placeCalico(): Promise<void> {
  await buildStandIn(image ?? defaultNodeImage);
  const { output } = await shell.run(
    `kubectl get nodes -o jsonpath='{range .items[*]}{.metadata.name} {.spec.podCIDR} {.status.addresses[?(@.type=="InternalIP")].address}{"\\n"}{end}'`,
    60_000,
  );
  const nodes = output
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
    .map(([name = '', podRange = '', address = '']) => ({ name, podRange, address }));
  ports.writeFile('calico.yaml', standInManifest(nodes));
}

for (const [index, section] of sections.entries())
  test(section.title, { timeout: 600_000 }, async (context) => {
    // What a command does is what the next ones are about.
    if (failed) return context.skip('an earlier part did not go as the text says');
    failed = true;
    if (section.title.startsWith('14.')) await placeCalico();
    await replaySection(section, { cluster, learn }, ports, (one) => played.push(one));
    failed = false;
    if (index === 0) versions = await seeVersions();
    const problems = played.flatMap((one) => (one.section === section.title ? (one.problem ?? []) : []));
    expect(problems.join('\n\n'), 'what the text cannot learn').toBe('');
  });
