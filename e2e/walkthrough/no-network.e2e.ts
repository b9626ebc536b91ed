import { beforeAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { type Cluster, useCluster } from '../harness/cluster.ts';
import { eventually } from '../harness/eventually.ts';
import { klab, mustKlab } from '../harness/run.ts';

/** The study notes' cluster: configs/no-cni.yaml, called e2e-kubelet here. Numbers are rows of the notes. */
let cluster: Cluster;
let name = '';
let worker = '';
let controlPlane = '';
beforeAll(async () => {
  cluster = await useCluster('noCni');
  name = cluster.name;
  worker = `${name}-worker`;
  controlPlane = `${name}-control-plane`;
});
const k = (...args: string[]) => cluster.kubectl(args);
const on = (node: string, ...argv: string[]) => cluster.onNode(node, argv);

interface PodJson {
  metadata: {
    name: string;
    uid: string;
    creationTimestamp: string;
    annotations?: Record<string, string>;
    ownerReferences?: { kind: string }[];
  };
  spec: { nodeName?: string; hostNetwork?: boolean };
  status: { phase: string; podIP?: string; hostIP?: string; conditions?: { type: string; status: string }[] };
}
const podsOf = async (namespace: string) =>
  (await cluster.json<{ items: PodJson[] }>(['-n', namespace, 'get', 'pods'])).items;

describe('1: creating it', () => {
  test('three nodes with kind’s names, and a context', async () => {
    expect((await mustKlab(['get', 'nodes', '--name', name])).split('\n').sort()).toEqual([
      controlPlane,
      worker,
      `${worker}2`,
    ]);
    expect(await k('config', 'current-context')).toBe(`klab-${name}`);
  });
});

describe('2: the nodes', () => {
  test('are NotReady because there is no network, and say what they are', async () => {
    const { items } = await cluster.json<{
      items: {
        metadata: { name: string };
        status: {
          conditions: { type: string; status: string; reason: string; message: string }[];
          addresses: { type: string; address: string }[];
          nodeInfo: Record<string, string>;
        };
      }[];
    }>(['get', 'nodes']);
    expect(items).toHaveLength(3);
    for (const { metadata, status } of items) {
      expect(status.conditions.find(({ type }) => type === 'Ready')).toMatchObject({
        status: 'False',
        reason: 'KubeletNotReady',
        message: expect.stringContaining(
          'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized',
        ),
      });
      expect(status.addresses).toContainEqual({ type: 'Hostname', address: metadata.name });
      expect(status.addresses.find(({ type }) => type === 'InternalIP')?.address).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
      expect(status.nodeInfo).toMatchObject({
        kubeletVersion: 'v1.37.2',
        operatingSystem: 'linux',
        containerRuntimeVersion: expect.stringMatching(/^containerd:\/\/v?2\./),
      });
      expect(status.nodeInfo.osImage).toContain('Debian');
    }
  });

  test('roles: control-plane and none', async () => {
    const wide = await k('get', 'nodes', '-owide');
    expect(wide).toMatch(new RegExp(`${controlPlane}\\s+NotReady\\s+control-plane`));
    expect(wide).toMatch(new RegExp(`${worker}\\s+NotReady\\s+<none>`));
  });
});

describe('3: the pods', () => {
  test('the control plane as mirror pods with the node’s address', async () => {
    const components = ['-n', 'kube-system', 'pods', '-l', 'tier=control-plane'];
    await k('wait', ...components, '--for=condition=Ready', '--timeout=90s');
    const pods = await podsOf('kube-system');
    for (const component of ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler']) {
      const pod = pods.find(({ metadata }) => metadata.name === `${component}-${controlPlane}`);
      expect(pod?.metadata.annotations).toHaveProperty(['kubernetes.io/config.mirror']);
      expect(pod?.metadata.ownerReferences?.[0]?.kind).toBe('Node');
      expect(pod?.spec.hostNetwork).toBe(true);
      expect(pod?.status).toMatchObject({ phase: 'Running', podIP: pod?.status.hostIP });
      expect(pod?.status.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True');
    }
  });

  test('a kube-proxy on each node; coredns and storage wait for a network', async () => {
    const pods = await podsOf('kube-system');
    const proxies = pods.filter(({ metadata }) => metadata.name.startsWith('kube-proxy-'));
    expect(proxies.map(({ status }) => status.phase)).toEqual(['Running', 'Running', 'Running']);
    expect(new Set(proxies.map(({ spec }) => spec.nodeName)).size).toBe(3);
    const waiting = [
      ...pods.filter(({ metadata }) => metadata.name.startsWith('coredns-')),
      ...(await podsOf('local-path-storage')),
    ];
    expect(waiting).toHaveLength(3);
    for (const pod of waiting) expect([pod.status.phase, pod.spec.nodeName]).toEqual(['Pending', undefined]);
  });
});

describe('5 and 16: through the API server’s proxy', () => {
  test('healthz and metrics', async () => {
    expect(await k('get', '--raw', `/api/v1/nodes/${worker}/proxy/healthz`)).toBe('ok');
    expect(await k('get', '--raw', `/api/v1/nodes/${worker}/proxy/metrics`)).toMatch(
      /^kubelet_runtime_operations_total\{/m,
    );
  });

  test('configz is the configuration in force', async () => {
    const { kubeletconfig } = JSON.parse(await k('get', '--raw', `/api/v1/nodes/${worker}/proxy/configz`));
    expect(kubeletconfig).toMatchObject({
      kind: 'KubeletConfiguration',
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      staticPodPath: '/etc/kubernetes/manifests',
      syncFrequency: '1m0s',
      fileCheckFrequency: '20s',
      httpCheckFrequency: '20s',
      address: '0.0.0.0',
      port: 10250,
      tlsCertFile: '/var/lib/kubelet/pki/kubelet.crt',
      tlsPrivateKeyFile: '/var/lib/kubelet/pki/kubelet.key',
      rotateCertificates: true,
      authentication: {
        x509: { clientCAFile: '/etc/kubernetes/pki/ca.crt' },
        webhook: { enabled: true, cacheTTL: '2m0s' },
        anonymous: { enabled: false },
      },
      authorization: { mode: 'Webhook', webhook: { cacheAuthorizedTTL: '5m0s', cacheUnauthorizedTTL: '30s' } },
    });
  });

  test('nobody in particular is refused', async () => {
    const address = await k(
      'get',
      'node',
      worker,
      '-o',
      'jsonpath={.status.addresses[?(@.type=="InternalIP")].address}',
    );
    expect(await on(controlPlane, 'curl', '-sk', '-w', ' %{http_code}', `https://${address}:10250/pods`)).toBe(
      'Unauthorized 401',
    );
  });
});

describe('6: the kubelet’s unit', () => {
  test('lies where kind puts it, with kubeadm’s drop-in', async () => {
    const unit = await on(worker, 'systemctl', 'cat', 'kubelet');
    expect(unit).toMatch(/^# \/kind\/systemd\/kubelet\.service/);
    expect(unit).toContain('/kubelet.service.d/10-kubeadm.conf');
    for (const word of [
      'KUBELET_KUBECONFIG_ARGS',
      'KUBELET_CONFIG_ARGS',
      '/var/lib/kubelet/kubeadm-flags.env',
      '/etc/default/kubelet',
      'KUBELET_EXTRA_ARGS',
    ])
      expect(unit).toContain(word);
  });
});

describe('8: more to read, and nothing restarts', () => {
  test('-v 3 says more, and every container keeps its ID', async () => {
    const containers = async () =>
      (await on(`${worker}2`, 'sh', '-c', "crictl ps -o json | tr -d ' \\n'")).match(
        /"id":"[0-9a-f]{64}"|"createdAt":"\d+"|"attempt":\d+/g,
      );
    const before = await containers();
    expect(before?.length).toBeGreaterThan(0);
    await on(`${worker}2`, 'sh', '-c', "echo 'KUBELET_EXTRA_ARGS=--fail-swap-on=false -v 3' >/etc/default/kubelet");
    await on(`${worker}2`, 'systemctl', 'daemon-reload');
    await on(`${worker}2`, 'systemctl', 'restart', 'kubelet');
    const journal = await eventually('the log at level 3', async () => {
      const text = await on(`${worker}2`, 'journalctl', '-u', 'kubelet', '--no-pager', '-o', 'cat', '--since', '-30s');
      return text.includes('SyncLoop ADD') ? text : undefined;
    });
    expect(journal).toMatch(/^I\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ [\w.-]+:\d+\] "SyncLoop ADD" source="api" pods=\[/m);
    expect(await containers()).toEqual(before);
    await on(`${worker}2`, 'sh', '-c', 'rm /etc/default/kubelet; systemctl restart kubelet');
  });

  test('7: the notes’ whole line of flags works, removed ones with a warning', async () => {
    const line =
      'KUBELET_EXTRA_ARGS="--allowed-unsafe-sysctls=kernel.shm*,kernel.msg*,kernel.sem,fs.mqueue.*,net.* --log-dir=/var/log/kubelet --logtostderr=false --cni-bin-dir=/opt/cni/bin --cni-conf-dir=/etc/cni/net.d --network-plugin=cni --pod-infra-container-image=registry.k8s.io/pause:3.10.2 -v=4"';
    await cluster.onNode(`${worker}2`, ['sh', '-c', `cat > /etc/default/kubelet; systemctl restart kubelet`], {
      input: `${line}\n`,
    });
    await eventually('the kubelet serving', async () =>
      (await k('get', '--raw', `/api/v1/nodes/${worker}2/proxy/healthz`)) === 'ok' ? true : undefined,
    );
    const journal = await on(`${worker}2`, 'journalctl', '-u', 'kubelet', '--no-pager', '-o', 'cat', '--since', '-60s');
    for (const flag of [
      'log-dir',
      'logtostderr',
      'cni-bin-dir',
      'cni-conf-dir',
      'network-plugin',
      'pod-infra-container-image',
    ])
      expect(journal).toContain(`--${flag} `);
    const { kubeletconfig } = JSON.parse(await k('get', '--raw', `/api/v1/nodes/${worker}2/proxy/configz`));
    expect(kubeletconfig.allowedUnsafeSysctls).toContain('net.*');
    await on(`${worker}2`, 'sh', '-c', 'rm /etc/default/kubelet; systemctl restart kubelet');
  });

  test('a flag that never was is an error with a suggestion', async () => {
    const { stderr, stdout, exitCode } = await klab(['exec', worker, '--', 'kubelet', '--node-lables=a=b']);
    expect(exitCode).toBe(1);
    expect(`${stdout}${stderr}`).toContain(
      'failed to parse kubelet flag: unknown flag: --node-lables (did you mean --node-labels?)',
    );
  });
});

const etcdclient = (node: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'etcdclient', namespace: 'kube-system' },
  spec: {
    hostNetwork: true,
    containers: [
      {
        name: 'etcdclient',
        image: 'registry.k8s.io/etcd:3.7.0-0',
        command: ['/bin/sleep', '9999d'],
        env: [
          { name: 'ETCDCTL_ENDPOINTS', value: 'https://127.0.0.1:2379' },
          { name: 'ETCDCTL_CACERT', value: '/etc/kubernetes/pki/etcd/ca.crt' },
          { name: 'ETCDCTL_CERT', value: '/etc/kubernetes/pki/etcd/healthcheck-client.crt' },
          { name: 'ETCDCTL_KEY', value: '/etc/kubernetes/pki/etcd/healthcheck-client.key' },
        ],
        volumeMounts: [{ name: 'certs', mountPath: '/etc/kubernetes/pki/etcd' }],
      },
    ],
    volumes: [{ name: 'certs', hostPath: { path: '/etc/kubernetes/pki/etcd', type: 'DirectoryOrCreate' } }],
  },
  node,
});
const placeStaticPod = (node: string) => {
  const { node: _, ...pod } = etcdclient(node);
  return cluster.onNode(node, ['sh', '-c', 'cat > /etc/kubernetes/manifests/etcdclient.yaml'], {
    input: JSON.stringify(pod),
  });
};
const removeStaticPod = async (node: string) => {
  await on(node, 'rm', '-f', '/etc/kubernetes/manifests/etcdclient.yaml');
  await k('-n', 'kube-system', 'wait', '--for=delete', `pod/etcdclient-${node}`, '--timeout=90s');
};

describe('9 and 19: a static pod and its mirror', () => {
  test('deleting the mirror leaves the container as it is', async () => {
    await placeStaticPod(worker);
    await k('-n', 'kube-system', 'wait', '--for=create', `pod/etcdclient-${worker}`, '--timeout=30s');
    await k('-n', 'kube-system', 'wait', '--for=condition=Ready', `pod/etcdclient-${worker}`, '--timeout=60s');
    const mirror = async () =>
      (await cluster.json<PodJson>(['-n', 'kube-system', 'get', 'pod', `etcdclient-${worker}`])).metadata.uid;
    const container = async () =>
      JSON.parse(await on(worker, 'crictl', 'ps', '--name', 'etcdclient', '-o', 'json')).containers.map(
        ({ id, createdAt }: { id: string; createdAt: string }) => `${id} ${createdAt}`,
      );
    const [uid, running] = [await mirror(), await container()];
    expect(running).toHaveLength(1);
    await k('-n', 'kube-system', 'delete', 'pod', `etcdclient-${worker}`, '--wait=false');
    await eventually('another mirror pod', async () => ((await mirror()) === uid ? undefined : true));
    expect(await container()).toEqual(running);
  });

  test('crictl’s columns, JSON, logs and exec', async () => {
    expect(await mustKlab(['exec', worker, '--', 'crictl', 'ps'])).toMatch(
      /^CONTAINER\s+IMAGE\s+CREATED\s+STATE\s+NAME\s+ATTEMPT\s+POD ID\s+POD\s+NAMESPACE/,
    );
    expect(await on(worker, 'crictl', 'pods')).toMatch(
      /^POD ID\s+CREATED\s+STATE\s+NAME\s+NAMESPACE\s+ATTEMPT\s+RUNTIME/,
    );
    expect(await on(worker, 'crictl', 'images')).toMatch(
      /^IMAGE\s+TAG\s+IMAGE ID\s+SIZE[\s\S]*registry\.k8s\.io\/pause\s+3\.10\.2/,
    );
    const id = await on(worker, 'crictl', 'ps', '-q', '--name', 'etcdclient');
    const { status, info } = JSON.parse(await on(worker, 'crictl', 'inspect', id));
    expect(status).toMatchObject({
      id,
      state: 'CONTAINER_RUNNING',
      labels: { 'io.kubernetes.pod.name': `etcdclient-${worker}` },
    });
    expect(info.pid).toBeGreaterThan(1);
    expect(await on(worker, 'crictl', 'exec', id, 'etcdctl', 'version')).toContain('etcdctl version: 3.7');
    const failed = await klab(['exec', worker, '--', 'crictl', 'exec', id, 'sh', '-c', 'exit 5']);
    expect(failed.exitCode).toBe(5);
    const proxy = await on(worker, 'crictl', 'ps', '-q', '--name', 'kube-proxy');
    expect(await on(worker, 'sh', '-c', `crictl logs ${proxy} 2>&1`)).toContain('Caches are synced');
    expect((await klab(['exec', worker, '--', 'crictl', 'inspect', 'nope'])).exitCode).toBe(1);
  });

  test('removing the file ends the pod and its mirror', async () => {
    await removeStaticPod(worker);
    await eventually('no container', async () =>
      (await on(worker, 'crictl', 'ps', '-q', '--name', 'etcdclient')) === '' ? true : undefined,
    );
  });
});

describe('12: etcd’s keys, over TLS', () => {
  test('exec in the etcdclient pod of the control plane', async () => {
    await placeStaticPod(controlPlane);
    await k('-n', 'kube-system', 'wait', '--for=create', `pod/etcdclient-${controlPlane}`, '--timeout=30s');
    await k('-n', 'kube-system', 'wait', '--for=condition=Ready', `pod/etcdclient-${controlPlane}`, '--timeout=60s');
    const keys = await k(
      '-n',
      'kube-system',
      'exec',
      `etcdclient-${controlPlane}`,
      '--',
      'etcdctl',
      'get',
      '',
      '--from-key',
      '--keys-only',
    );
    expect(keys).toContain('/registry/namespaces/kube-system');
    await removeStaticPod(controlPlane);
  });
});

describe('11: a kube-proxy is deleted', () => {
  test('its DaemonSet makes another, and the log tells', async () => {
    const before =
      (await podsOf('kube-system')).find(
        ({ metadata, spec }) => metadata.name.startsWith('kube-proxy-') && spec.nodeName === worker,
      )?.metadata.name ?? '';
    await k('-n', 'kube-system', 'delete', 'pod', before, '--timeout=60s');
    await eventually('another kube-proxy', async () => {
      const now = (await podsOf('kube-system')).find(
        ({ metadata, spec }) =>
          metadata.name.startsWith('kube-proxy-') && spec.nodeName === worker && metadata.name !== before,
      );
      return now?.status.phase === 'Running' ? true : undefined;
    });
  });
});

describe('17: how a worker joined', () => {
  test('by requests that were approved, with a certificate on disk', async () => {
    const { items } = await cluster.json<{
      items: { spec: { signerName: string }; status: { conditions?: { type: string }[]; certificate?: string } }[];
    }>(['get', 'csr']);
    const joined = items.filter(({ spec }) => spec.signerName === 'kubernetes.io/kube-apiserver-client-kubelet');
    expect(joined.length).toBeGreaterThanOrEqual(2);
    for (const { status } of joined) {
      expect(status.conditions?.map(({ type }) => type)).toContain('Approved');
      expect(status.certificate).toBeTruthy();
    }
    const subject = await on(
      worker,
      'openssl',
      'x509',
      '-noout',
      '-subject',
      '-in',
      '/var/lib/kubelet/pki/kubelet-client-current.pem',
    ).catch(() =>
      on(
        worker,
        'sh',
        '-c',
        "/usr/lib/klab/bin/node -p \"new (require('crypto').X509Certificate)(require('fs').readFileSync('/var/lib/kubelet/pki/kubelet-client-current.pem')).subject\"",
      ),
    );
    expect(subject).toContain(`system:node:${worker}`);
    expect(await on(worker, 'sh', '-c', 'stat -L -c %a /var/lib/kubelet/pki/kubelet-client-current.pem')).toBe('600');
  });

  test('real kubeadm makes a join command from the cluster’s objects', async () => {
    const command = await on(controlPlane, 'kubeadm', 'token', 'create', '--print-join-command');
    expect(command).toMatch(
      /^kubeadm join \S+:6443 --token [a-z0-9]{6}\.[a-z0-9]{16} --discovery-token-ca-cert-hash sha256:[0-9a-f]{64}/,
    );
  });
});

describe('18 and 20: what the node was made from', () => {
  test('/kind/kubeadm.conf', async () => {
    const documents = parseAllDocuments(await on(worker, 'cat', '/kind/kubeadm.conf')).map(
      (document) => document.toJS() as { kind: string; nodeRegistration?: { criSocket?: string } },
    );
    expect(documents.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining([
        'ClusterConfiguration',
        'InitConfiguration',
        'JoinConfiguration',
        'KubeletConfiguration',
        'KubeProxyConfiguration',
      ]),
    );
    expect(documents.find(({ kind }) => kind === 'JoinConfiguration')?.nodeRegistration?.criSocket).toBe(
      'unix:///run/containerd/containerd.sock',
    );
  });

  test('the kubelet’s own configuration is a file that others may not read', async () => {
    expect(parse(await on(worker, 'cat', '/var/lib/kubelet/config.yaml'))).toMatchObject({
      kind: 'KubeletConfiguration',
      cgroupRoot: '/kubelet',
    });
    expect(await on(worker, 'stat', '-c', '%a', '/var/lib/kubelet/config.yaml')).toBe('600');
    expect(await on(worker, 'pgrep', '-x', 'kubelet')).toMatch(/^\d+$/);
  });

  test('the annotation that kubeadm leaves', async () => {
    const node = await cluster.json<{ metadata: { annotations: Record<string, string> } }>(['get', 'node', worker]);
    expect(node.metadata.annotations['kubeadm.alpha.kubernetes.io/cri-socket']).toBe(
      'unix:///run/containerd/containerd.sock',
    );
  });
});
