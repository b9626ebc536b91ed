import type { ResolvedConfig } from '../kubeadm-config/resolve.ts';
import { renderArguments } from './arguments.ts';
import { renderComponentPod } from './component-pod.ts';
import { bindAddressOf, hostFile, kubernetesImage, startupTimeoutMs } from './shared.ts';

const kubeconfig = '/etc/kubernetes/scheduler.conf';

/** The scheduler's manifest. */
export function renderScheduler(config: ResolvedConfig): string {
  const args = {
    'authentication-kubeconfig': kubeconfig,
    'authorization-kubeconfig': kubeconfig,
    'bind-address': '127.0.0.1',
    kubeconfig,
    'leader-elect': 'true',
  };
  const { extraArgs } = config.cluster.scheduler;
  return renderComponentPod({
    name: 'kube-scheduler',
    image: kubernetesImage(config, 'kube-scheduler'),
    command: ['kube-scheduler', ...renderArguments(args, extraArgs)],
    requests: { cpu: '100m' },
    probeHost: bindAddressOf(extraArgs),
    probePort: 10259,
    liveness: { path: '/livez', scheme: 'HTTPS' },
    readiness: { path: '/readyz', scheme: 'HTTPS' },
    startup: { path: '/livez', scheme: 'HTTPS' },
    startupTimeoutMs: startupTimeoutMs(config),
    hostPaths: [hostFile('kubeconfig', kubeconfig)],
    user: config.cluster.scheduler,
  });
}
