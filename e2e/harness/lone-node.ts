import { defaultNodeImage } from '../../src/cluster/create/steps/ensure-image.ts';
import { dockerEngine } from '../../src/engine/docker/index.ts';
import { eventually } from './eventually.ts';

/** Where a lone node's kubelet finds its pods. */
export const manifests = '/etc/kubernetes/manifests';

/** One node without an API server: a containerd, and a kubelet whose pods are files. */
export interface LoneNode {
  readonly name: string;
  /** Runs a script on the node; fails the test when it fails. */
  sh(script: string, input?: string): Promise<string>;
  /** Replaces a file of the node in one step. */
  write(path: string, text: string): Promise<string>;
  /** Writes the kubelet's configuration: what every test needs, and what this one wants beside it. */
  configure(more?: object): Promise<string>;
  /** Starts the node; its kubelet is configured and not started yet. */
  start(more?: object): Promise<void>;
  restartKubelet(): Promise<void>;
  /** ID of the pod's running container. */
  runningOf(pod: string): Promise<string | undefined>;
  remove(): Promise<void>;
}

export function loneNode(purpose: string): LoneNode {
  const engine = dockerEngine();
  const name = `klab-${purpose}-${process.pid}`;

  async function sh(script: string, input?: string): Promise<string> {
    const result = await engine.exec(name, ['sh', '-c', script], input === undefined ? {} : { input });
    if (result.exitCode !== 0)
      throw new Error(`${script} exited with ${result.exitCode}: ${result.stdout}${result.stderr}`);
    return result.stdout.trimEnd();
  }
  const write = (path: string, text: string) =>
    sh(`mkdir -p $(dirname ${path}) && cat > ${path}.tmp && mv ${path}.tmp ${path}`, text);
  const configure = (more: object = {}) =>
    write(
      '/var/lib/kubelet/config.yaml',
      JSON.stringify({
        apiVersion: 'kubelet.config.k8s.io/v1beta1',
        kind: 'KubeletConfiguration',
        staticPodPath: manifests,
        fileCheckFrequency: '1s',
        cgroupDriver: 'cgroupfs',
        cgroupRoot: '/kubelet',
        failSwapOn: false,
        failCgroupV1: false,
        authentication: { webhook: { enabled: false }, anonymous: { enabled: true } },
        authorization: { mode: 'AlwaysAllow' },
        ...more,
      }),
    );

  return {
    name,
    sh,
    write,
    configure,
    async start(more) {
      const image = process.env.KLAB_E2E_IMAGE ?? defaultNodeImage;
      await engine.runContainer({ name, image, hostname: name, kind: 'machine' });
      await eventually('containerd', () => sh('crictl version'));
      await configure(more);
      await sh("echo 'KUBELET_EXTRA_ARGS=--kubeconfig= --bootstrap-kubeconfig=' > /etc/default/kubelet");
    },
    async restartKubelet() {
      await sh('systemctl restart kubelet');
      await eventually('a healthy kubelet', () => sh('curl -sf http://127.0.0.1:10248/healthz'));
    },
    runningOf: async (pod) => (await sh(`crictl ps -q --label io.kubernetes.pod.name=${pod}-${name}`)) || undefined,
    remove: () => engine.removeContainer(name),
  };
}
