import { defineCommand } from '../command.ts';
import { type OutputFormat, outputFlag, type UserAccessFlags, userAccessFlags } from '../flags.ts';
import { kubeconfigPlace } from '../kubeconfig-place.ts';

interface Flags extends UserAccessFlags {
  readonly output: OutputFormat;
}

export const explainPod = defineCommand<Flags>({
  path: 'explain pod',
  summary: "Tell a pod's story so far",
  description: `Tell why a pod is as it is, and its story so far: what the kubelet was told, what it saw, what it decided and why,
what it did, and the Events. A pod that is gone is told as far as kubelets remember it.`,
  examples: [
    { command: 'klab explain pod web', help: "in the context's namespace" },
    { command: 'klab explain pod kube-system/coredns-7f6b8-x2k4q', help: 'in another' },
    { command: 'klab explain pod web -o json | jq -r .why[]', help: 'only the answer, for a script' },
  ],
  argument: { name: 'POD', help: 'NAME or NAMESPACE/NAME', min: 1, max: 1 },
  flags: {
    ...userAccessFlags,
    output: outputFlag,
  },
  run: async (context, { name, namespace, output, ...flags }, [pod = '']) => {
    const access = { kubeconfig: kubeconfigPlace(context, flags), cluster: name, context: flags.context, namespace };
    const story = await context.useCases.explainPod(access, pod, context.run);
    const { renderStory } = await import('../../watch/index.ts');
    context.io.stdout.write(output === 'json' ? `${JSON.stringify(story, undefined, 2)}\n` : renderStory(story));
    return undefined;
  },
});
