import { kubeApi } from '../../../api/client.ts';
import { parseKubeconfig } from '../../../api/kubeconfig.ts';
import { renderSuperAdminKubeconfig } from '../../../bootstrap/index.ts';
import { apiReady } from '../../api-ready.ts';
import { apiServerNotReady } from '../../errors.ts';
import { troubleWatch } from '../../node-trouble.ts';
import { serverUrl } from '../../server-url.ts';
import { placeFiles } from '../place-files.ts';
import { type CreateContext, firstControlPlane, need, type Step } from '../plan-types.ts';
import { startKubelet } from '../start-kubelet.ts';

/** Upstream's images, on a machine with much else to do. */
const apiTimeoutMs = 180_000;

/** The control plane's kubelet starts etcd and the API server from their manifests; then the API answers. */
export const startControlPlane: Step = {
  title: 'Starting control plane',
  async run(context) {
    const { engine, clock, signal, made } = context;
    const node = firstControlPlane(context);
    await placeFiles(context, node);
    await startKubelet(context, node.name);

    const container = await engine.inspectContainer(node.name);
    made.apiServer = serverUrl(container?.ports ?? []);
    made.api = connect(context, made.apiServer);
    const api = made.api;
    const trouble = troubleWatch(engine, clock, node.name);
    const onTrouble = async () => {
      const found = await trouble();
      if (found !== undefined) throw apiServerNotReady(node.name, found.text, found.log);
    };
    const ready = await apiReady(api, { clock, signal, timeoutMs: apiTimeoutMs, onTrouble });
    if (ready.kind === 'timedOut') throw apiServerNotReady(node.name, ready.lastSeen, await trouble.log());
    made.apiReadyAt = clock.now();
  },
};

function connect(context: CreateContext, url: string) {
  const kubeconfig = renderSuperAdminKubeconfig(need(context, 'bootstrap'), need(context, 'pki'), url);
  const { server, ca, credentials } = parseKubeconfig(kubeconfig, 'the cluster’s own kubeconfig');
  return kubeApi({ server, ca, credentials, userAgent: 'klab', timeoutMs: 10_000 });
}
