import { kubeApi } from '../../../api/client.ts';
import { parseKubeconfig } from '../../../api/kubeconfig.ts';
import { messageOf } from '../../../base/errors.ts';
import { waitUntil } from '../../../base/wait-until.ts';
import { renderSuperAdminKubeconfig } from '../../../bootstrap/index.ts';
import type { ContainerEngine } from '../../../engine/port.ts';
import { apiServerNotReady, nodeDidNotBoot } from '../../errors.ts';
import { kubeletLogTail } from '../../node-command.ts';
import { type CreateContext, firstControlPlane, need, type Step } from '../plan-types.ts';

/** How long a machine may take to boot its services, however little its owner is willing to wait for the cluster. */
const bootTimeoutMs = 60_000;
const apiTimeoutMs = 180_000;

/** Starts the kubelet as soon as the machine's systemd takes orders; throws NODE_DID_NOT_BOOT. */
export async function startKubelet({ engine, clock, signal }: CreateContext, node: string): Promise<void> {
  const start = async (): Promise<true | string> => {
    const { exitCode, stderr, stdout } = await engine.exec(node, ['systemctl', 'start', 'containerd', 'kubelet'], {
      signal,
    });
    return exitCode === 0 || `${stdout}${stderr}`.trim();
  };
  const booted = await waitUntil(start, { clock, everyMs: 50, timeoutMs: bootTimeoutMs, signal });
  if (booted.kind === 'timedOut') throw nodeDidNotBoot(node, booted.lastSeen, await lastOfConsole(engine, node));
}

const lastOfConsole = async (engine: ContainerEngine, node: string): Promise<string> =>
  (await engine.containerLogs(node)).trim().split('\n').slice(-20).join('\n');

/** The control plane's kubelet starts etcd and the API server from their manifests; then the API answers. */
export const startControlPlane: Step = {
  title: 'Starting control plane',
  async run(context) {
    const { engine, clock, signal, config, made } = context;
    const { name } = firstControlPlane(context);
    await startKubelet(context, name);

    const container = await engine.inspectContainer(name);
    const port = container?.ports.find(({ containerPort }) => containerPort === 6443)?.hostPort ?? 0;
    const address = config.networking.apiServerAddress;
    const host = address === '0.0.0.0' ? '127.0.0.1' : address;
    made.apiServer = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
    const kubeconfig = renderSuperAdminKubeconfig(need(context, 'bootstrap'), need(context, 'pki'), made.apiServer);
    const { server, ca, credentials } = parseKubeconfig(kubeconfig, 'the cluster’s own kubeconfig');
    const api = kubeApi({ server, ca, credentials, userAgent: 'klab', timeoutMs: 10_000 });
    made.api = api;

    const answers = async (): Promise<true | string> => {
      try {
        await api.raw('/readyz', { signal, timeoutMs: 2000 });
        return true;
      } catch (error) {
        signal.throwIfAborted();
        return messageOf(error);
      }
    };
    const ready = await waitUntil(answers, { clock, everyMs: 100, timeoutMs: apiTimeoutMs, signal });
    if (ready.kind === 'timedOut') throw apiServerNotReady(name, ready.lastSeen, await kubeletLogTail(engine, name));
  },
};
