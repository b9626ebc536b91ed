import { defineCommand } from '../command.ts';
import { usageError } from '../errors.ts';
import { booleanFlag, type OutputFormat, outputFlag, type UserAccessFlags, userAccessFlags } from '../flags.ts';
import { kubeconfigPlace } from '../kubeconfig-place.ts';
import type { WatchRequest } from '../use-cases.ts';

interface Flags extends UserAccessFlags {
  readonly web: boolean;
  readonly once: boolean;
  readonly all: boolean;
  readonly output: OutputFormat;
}

export const watch = defineCommand<Flags>({
  path: 'watch',
  summary: 'Watch the kubelet decide',
  description: `Watch the kubelet's control loop, from its journal: what it was told, what the runtime showed it, what it decided
and why, what it did, probes and back-offs. Without NODE, on every node of the cluster.

At a terminal it fills the screen; in a pipe it prints a line for each step. The journal is read through the API server
as the user of the kubeconfig, who needs the verb get on nodes/proxy.`,
  examples: [
    { command: 'klab watch', help: 'all nodes of the current context' },
    { command: 'klab watch lab-worker', help: 'one node' },
    { command: 'klab watch lab-worker default/web', help: 'one pod on it' },
    { command: 'klab watch lab-worker -o json | jq .kind', help: 'a JSON object for each record, for a script' },
    { command: 'klab watch --web', help: 'in the browser, with a timeline of each pod' },
  ],
  argument: {
    name: '[NODE [POD]]',
    help: 'the node; the pod as NAME or NAMESPACE/NAME',
    min: 0,
    max: 2,
    completes: 'node',
  },
  flags: {
    ...userAccessFlags,
    web: booleanFlag({ long: 'web', help: 'serve it to a browser on this machine' }),
    once: booleanFlag({ long: 'once', help: 'show what is remembered, and end' }),
    all: booleanFlag({ long: 'all', help: 'also what happens every second, like relists' }),
    output: outputFlag,
  },
  run: async (context, flags, [node, pod]) => {
    const { useCases, run, io, view } = context;
    if (flags.web && (flags.output === 'json' || flags.once)) {
      throw usageError('--web goes with neither -o json nor --once', 'leave one of them out');
    }
    const request: WatchRequest = {
      kubeconfig: kubeconfigPlace(context, flags),
      cluster: flags.name,
      context: flags.context,
      namespace: flags.namespace,
      node,
      pod,
      all: flags.all,
      once: flags.once,
    };
    if (flags.web) {
      await useCases.watchInBrowser(request, (url) => io.stdout.write(`Open ${url}\nCtrl-C ends it.\n`), run);
      return undefined;
    }
    if (flags.output === 'text' && !flags.once && io.stdout.isTTY && io.stdinIsTty) {
      await useCases.watchAtTerminal(request, run);
      return undefined;
    }
    const { isMurmur, narrator, renderRecord, renderStep } = await import('../../watch/index.ts');
    const tell = narrator();
    let told = false;
    for await (const heard of await useCases.watch(request, run)) {
      if (heard.type === 'lost') view.note(`${heard.node}: no connection: ${heard.because}`);
      if (heard.type !== 'record' || (isMurmur(heard.record.kind) && !flags.all)) continue;
      const lines = flags.output === 'json' ? [renderRecord(heard.record)] : tell(heard.record).map(renderStep);
      for (const line of lines) io.stdout.write(`${line}\n`);
      told = true;
    }
    // A mistyped name would look as if all were well.
    if (flags.once && !told) view.note(`nothing is remembered${pod === undefined ? '' : ` of a pod "${pod}"`}`);
    return undefined;
  },
});
