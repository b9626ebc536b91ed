import { readFileSync } from 'node:fs';
import { kubeApi } from '../../../api/client.ts';
import { informer } from '../../../api/informer.ts';
import type { KubeApi } from '../../../api/port.ts';
import type { Node } from '../../../api/types.ts';
import { systemClock } from '../../../base/clock.ts';
import { messageOf } from '../../../base/errors.ts';
import { hostNetwork } from './host.ts';
import { networkFacts, reconcileNetwork } from './reconcile.ts';

const serviceAccount = '/var/run/secrets/kubernetes.io/serviceaccount';
/** Rules and routes that someone else removed come back within this time. */
const resyncMs = 60_000;

function required(name: string): string {
  const value = process.env[name];
  if (value) return value;
  process.stderr.write(`the environment variable ${name} is not set\n`);
  process.exit(1);
}

/** The address given in KLAB_API_SERVER needs no kube-proxy, so the network can come up before services do. */
function inCluster(): KubeApi {
  const server =
    process.env.KLAB_API_SERVER ??
    `https://${required('KUBERNETES_SERVICE_HOST')}:${required('KUBERNETES_SERVICE_PORT')}`;
  return kubeApi({
    server,
    ca: readFileSync(`${serviceAccount}/ca.crt`, 'utf8'),
    credentials: { token: () => readFileSync(`${serviceAccount}/token`, 'utf8').trim() },
    userAgent: 'klab-network-agent',
  });
}

const log = (text: string): void => void process.stdout.write(`${new Date().toISOString()} ${text}\n`);

const stopper = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stopper.abort());

const self = required('NODE_NAME');
const podSubnets = required('POD_SUBNET').split(',');
let pending = Promise.resolve();
let wanted = false;

/** Changes come in bursts: one pass at a time, and one more if something changed meanwhile. */
function reconcileSoon(): void {
  if (wanted) return;
  wanted = true;
  pending = pending.then(async () => {
    wanted = false;
    try {
      const changes = await reconcileNetwork({ self, nodes: [...nodes.values()], podSubnets, host: hostNetwork });
      for (const change of changes) log(change);
    } catch (error) {
      log(`cannot set up the network, trying again soon: ${messageOf(error)}`);
      setTimeout(reconcileSoon, 1000).unref();
    }
  });
}

let factsBefore: string | undefined;

function reconcileWhenChanged(): void {
  const facts = networkFacts(self, [...nodes.values()]);
  if (facts === factsBefore) return;
  factsBefore = facts;
  reconcileSoon();
}

const api = inCluster();
const nodes = informer<Node>({
  api,
  path: '/api/v1/nodes',
  clock: systemClock,
  onChange: reconcileWhenChanged,
  onError: (error) => log(`cannot watch the nodes: ${error.message}`),
});
const resync = setInterval(reconcileSoon, resyncMs);
log(`network agent of ${self}, pods in ${podSubnets.join(', ')}`);
// Not awaited: the bundle is CommonJS, which knows no await at the top.
void nodes.run(stopper.signal).finally(() => {
  clearInterval(resync);
  // Left open, they keep the process until it is killed, half a minute after it was asked to end.
  api.closeConnections();
});
