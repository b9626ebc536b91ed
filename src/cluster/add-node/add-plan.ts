import { parse, stringify } from 'yaml';
import type { Node } from '../../api/types.ts';
import { messageOf } from '../../base/errors.ts';
import { waitUntil } from '../../base/wait-until.ts';
import { newBootstrapToken, renderJoiningWorker, renderJoinToken, renderNodeMarks } from '../../bootstrap/index.ts';
import { chooseAddresses } from '../addresses.ts';
import { allSettled } from '../all-settled.ts';
import { applyObjects } from '../apply.ts';
import { type CreateContext, need, type Step, workers } from '../create/plan-types.ts';
import { bootWorkers } from '../create/steps/boot-workers.ts';
import { ensureImage } from '../create/steps/ensure-image.ts';
import { joinWorkers } from '../create/steps/join-workers.ts';
import { noAddressLeft, nodeNotJoined } from '../errors.ts';
import { networkLabels, networkName } from '../labels.ts';
import { listNodes } from '../list.ts';
import { kubeletLogTail, runOnNode } from '../node-command.ts';
import { changeSysctls } from '../sysctl/index.ts';
import type { RunningCluster } from './read-cluster.ts';

/** A node must at least register, however little its owner wants to wait. */
const registrationTimeoutMs = 120_000;
const kubeletConfigPath = '/var/lib/kubelet/config.yaml';
const containerdConfigPath = '/etc/containerd/config.toml';

/** What happens when nodes are added, in order; what stands in one list runs side by side. */
export const addPlan = (running: RunningCluster): readonly (readonly Step[])[] => [
  [ensureImage],
  [chooseNetworkAddresses],
  [bootWorkers, allowJoin(running)],
  [applySettings(running)],
  [joinWorkers],
  [waitForNodes(running)],
];

const chooseNetworkAddresses: Step = {
  title: 'Preparing network',
  async run({ engine, config, clock, made }) {
    const network = await engine.ensureNetwork(networkName, networkLabels);
    const subnet = network.subnets.find((range) => !range.includes(':')) ?? '';
    const existing = await listNodes(engine, undefined);
    const taken = [...existing.map(({ address }) => address ?? ''), ...network.addresses, ...network.gateways];
    const added = config.nodes.filter(({ role }) => role === 'worker').map(({ name }) => name);
    const chosen = chooseAddresses(subnet, taken, added);
    if (chosen === undefined) throw noAddressLeft(subnet);
    const known = Object.fromEntries(existing.map(({ name, address }) => [name, address ?? '']));
    made.network = { ...network, subnet };
    made.bootstrap = {
      cluster: config,
      kubernetesVersion: made.kubernetesVersion ?? '',
      addresses: { ...known, ...chosen },
      apiServer: { hostAddress: config.networking.apiServerAddress },
      token: newBootstrapToken(),
      now: new Date(clock.now()),
    };
  },
};

/** A token of their own, and the files that go with it. */
const allowJoin = ({ caPem, kubeletConfig }: RunningCluster): Step => ({
  title: 'Allowing nodes to join',
  async run(context) {
    const { clock, signal, made } = context;
    const input = need(context, 'bootstrap');
    const names = workers(context).map(({ name }) => name);
    await applyObjects(need(context, 'api'), renderJoinToken(input, names[0] ?? ''), clock, signal);
    made.files = new Map(
      names.map((name) => {
        const files = new Map(renderJoiningWorker(input, caPem, name));
        files.set(kubeletConfigPath, { text: withEndpoint(kubeletConfig), mode: 0o600 });
        return [name, files];
      }),
    );
  },
});

/** The cluster's configuration of kubelets, and where this node's runtime is: it is no part of what they share. */
const withEndpoint = (kubeletConfig: string): string =>
  stringify({ containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock', ...parse(kubeletConfig) });

/** What was changed on the other nodes since the image was made: containerd's configuration and kernel settings. */
const applySettings = ({ containerdConfig, sysctls }: RunningCluster): Step => ({
  title: 'Setting nodes up like the others',
  async run(context) {
    const { engine, signal } = context;
    const names = workers(context).map(({ name }) => name);
    await allSettled(names, async (name) => {
      await systemdAnswers(context, name);
      if ((await runOnNode(engine, name, ['cat', containerdConfigPath])) === containerdConfig) return;
      await runOnNode(engine, name, ['sh', '-c', `cat > ${containerdConfigPath}`], { input: containerdConfig });
      await runOnNode(engine, name, ['systemctl', 'restart', 'containerd']);
    });
    if (Object.keys(sysctls).length > 0) await changeSysctls(engine, names, sysctls, signal);
  },
});

async function systemdAnswers({ engine, clock, signal }: CreateContext, node: string): Promise<void> {
  const look = async (): Promise<true | string> => {
    const { stdout, stderr } = await engine.exec(node, ['systemctl', 'is-system-running'], { signal });
    return /running|degraded|starting/.test(stdout) || `${stdout}${stderr}`.trim();
  };
  const booted = await waitUntil(look, { clock, everyMs: 100, timeoutMs: 60_000, signal });
  if (booted.kind === 'timedOut') throw nodeNotJoined(node, `it did not boot: ${booted.lastSeen}`, '');
}

/** Registered, marked as kubeadm marks nodes and, where there is a network, Ready. */
const waitForNodes = ({ networked }: RunningCluster): Step => ({
  title: 'Waiting for the nodes to be ready',
  async run(context) {
    const { engine, clock, signal, waitMs } = context;
    const api = need(context, 'api');
    const timeoutMs = waitMs === 0 ? registrationTimeoutMs : waitMs;
    await allSettled(workers(context), async ({ name }) => {
      const path = `/api/v1/nodes/${name}`;
      let marked = false;
      const look = async (): Promise<true | string> => {
        try {
          if (!marked) await api.patch(path, 'merge', renderNodeMarks(need(context, 'bootstrap'), name), { signal });
          marked = true;
          if (waitMs === 0 || !networked) return true;
          return readiness(await api.get<Node>(path, { signal }));
        } catch (error) {
          signal.throwIfAborted();
          return messageOf(error);
        }
      };
      const joined = await waitUntil(look, { clock, everyMs: 200, timeoutMs, signal });
      if (joined.kind !== 'timedOut') return;
      throw nodeNotJoined(name, joined.lastSeen, await kubeletLogTail(engine, name));
    });
  },
});

const readiness = ({ status }: Node): true | string => {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return ready?.status === 'True' || `it is not Ready: ${ready?.message ?? 'it has not said why'}`;
};
