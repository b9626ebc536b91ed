import { describe, expect, test } from 'vitest';
import { parseManifest } from './parse-manifest.ts';
import { renderStaticPod, type StaticPodOrigin } from './static-pod.ts';
import { fnv128a, staticUid } from './static-uid.ts';

const origin: StaticPodOrigin = {
  source: 'file',
  place: '/etc/kubernetes/manifests/web.yaml',
  nodeName: 'Node-1',
  seenAt: '2026-01-01T12:00:00.000000000Z',
};
const manifest = (spec: object = {}, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', ...metadata },
  spec: { containers: [{ name: 'main', image: 'busybox:1.37' }], ...spec },
});
const render = (spec: object = {}, metadata: object = {}, more: Partial<StaticPodOrigin> = {}) =>
  renderStaticPod(manifest(spec, metadata), { ...origin, ...more });

describe('what the kubelet adds to a manifest', () => {
  test('the node in the name, a namespace, a UID, and where it came from', () => {
    const { metadata, spec, status } = render();
    expect(metadata).toMatchObject({ name: 'web-node-1', namespace: 'default' });
    expect(metadata?.uid).toMatch(/^[0-9a-f]{32}$/);
    expect(metadata?.annotations).toEqual({
      'kubernetes.io/config.hash': metadata?.uid,
      'kubernetes.io/config.seen': origin.seenAt,
      'kubernetes.io/config.source': 'file',
    });
    expect(spec?.nodeName).toBe('Node-1');
    expect(status).toEqual({ phase: 'Pending' });
  });

  test('a UID of its own is kept', () => expect(render({}, { uid: 'mine' }).metadata?.uid).toBe('mine'));

  test('a namespace and annotations of its own are kept', () =>
    expect(render({}, { namespace: 'kube-system', annotations: { a: 'b' } }).metadata).toMatchObject({
      namespace: 'kube-system',
      annotations: { a: 'b' },
    }));

  test('from a file: nothing evicts it', () => {
    const mine = { key: 'a', operator: 'Exists' };
    expect(render({ tolerations: [mine] }).spec?.tolerations).toEqual([
      mine,
      { operator: 'Exists', effect: 'NoExecute' },
    ]);
    const brief = { operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 60 };
    expect(render({ tolerations: [brief, mine] }).spec?.tolerations).toEqual([
      { operator: 'Exists', effect: 'NoExecute' },
      mine,
    ]);
    expect(render({}, {}, { source: 'http' }).spec).not.toHaveProperty('tolerations');
  });
});

describe('the UID', () => {
  const of = (text: string, node = 'n1', place = 'file:/a') => staticUid(parseManifest(text), node, place);
  const text = 'a: 1\nb: {c: 2, d: 3}';

  test('is the published FNV-1a hash', () => {
    expect(fnv128a('')).toBe('6c62272e07bb014262b821756295c58d');
    expect(fnv128a('a')).toBe('d228cb696f1a8caf78912b704e4a8964');
  });

  test.each<[string, string, boolean]>([
    ['the same text', of(text), true],
    ['the same content written otherwise', of('b:\n  d: 3\n  c: 2\na: 1\n# why not'), true],
    ['other content', of('a: 2\nb: {c: 2, d: 3}'), false],
    ['another node', of(text, 'n2'), false],
    ['another place', of(text, 'n1', 'file:/b'), false],
  ])('of %s is the same: %s', (_name, uid, same) => expect(uid === of(text)).toBe(same));
});

const container = (fields: object, spec: object = {}) =>
  manifest({ containers: [{ name: 'a', image: 'i', ...fields }], ...spec });

describe('what cannot become a pod', () => {
  test.each<[string, unknown, string | RegExp]>([
    [
      'no object',
      'text',
      'version/kind; json parse error: json: cannot unmarshal string into Go value of type struct {',
    ],
    ['nothing', null, "Object 'Kind' is missing in 'null'"],
    ['no kind', { b: 1, apiVersion: 'v1' }, `Object 'Kind' is missing in '{"apiVersion":"v1","b":1}'`],
    ['no version', { kind: 'Pod' }, `Object 'apiVersion' is missing in '{"kind":"Pod"}'`],
    ['another kind', { apiVersion: 'v1', kind: 'Service' }, 'it is a Service of v1'],
    ['another version', { apiVersion: 'v2', kind: 'Pod', spec: {} }, 'it is a Pod of v2'],
    ['no spec', { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } }, 'spec.containers: Required value'],
    ['no name', manifest({}, { name: '' }), 'invalid pod: name is needed for the pod'],
    [
      'a name that is none',
      manifest({}, { name: 'Web_1' }),
      "'-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used",
    ],
    ['no containers', manifest({ containers: [] }), 'spec.containers: Required value'],
    ['no image', manifest({ containers: [{ name: 'a' }] }), 'spec.containers[0].image: Required value'],
    ['no container name', manifest({ containers: [{ image: 'a' }] }), 'spec.containers[0].name: Required value'],
    [
      'a container name that is none',
      manifest({ containers: [{ name: 'a.b', image: 'a' }] }),
      '"a.b": must not contain dots',
    ],
    [
      'a container twice',
      manifest({
        containers: [
          { name: 'a', image: 'i' },
          { name: 'a', image: 'i' },
        ],
      }),
      'Duplicate value: "a"',
    ],
    [
      'an init container named as another',
      manifest({ initContainers: [{ name: 'main', image: 'i' }] }),
      'Duplicate value: "main"',
    ],
    [
      'a restart policy that is none',
      manifest({ restartPolicy: 'Sometimes' }),
      'spec.restartPolicy: Unsupported value',
    ],
    [
      'a mount of no volume',
      manifest({ containers: [{ name: 'a', image: 'i', volumeMounts: [{ name: 'v', mountPath: '/v' }] }] }),
      'spec.containers[0].volumeMounts[0].name: Not found: "v"',
    ],
    [
      'a volume twice',
      manifest({ volumes: [{ name: 'v' }, { name: 'v' }] }),
      'spec.volumes[1].name: Duplicate value: "v"',
    ],
    ['a service account', manifest({ serviceAccountName: 'x' }), 'static pods may not reference serviceaccounts'],
    ['pull secrets', manifest({ imagePullSecrets: [{ name: 'x' }] }), 'static pods may not reference secrets'],
    ['resource claims', manifest({ resourceClaims: [{ name: 'x' }] }), 'static pods may not reference resourceclaims'],
    [
      'a service account by its older name',
      manifest({ serviceAccount: 'x' }),
      'static pods may not reference serviceaccounts',
    ],
    ['a named secret', manifest({ volumes: [{ name: 'v', secret: { secretName: 's' } }] }), /reference secrets$/],
    ['a named config map', manifest({ volumes: [{ name: 'v', configMap: { name: 'c' } }] }), /reference configmaps$/],
    ['a secret', manifest({ volumes: [{ name: 'v', secret: {} }] }), 'secrets (via secret volumes)'],
    ['a config map', manifest({ volumes: [{ name: 'v', configMap: {} }] }), 'configmaps (via configmap volumes)'],
    [
      'a claim',
      manifest({ volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }] }),
      'persistentvolumeclaims',
    ],
    ['an ephemeral claim', manifest({ volumes: [{ name: 'v', ephemeral: {} }] }), '(via ephemeral volumes)'],
    ['CSI', manifest({ volumes: [{ name: 'v', csi: { driver: 'd' } }] }), '(via CSI volumes)'],
    [
      'a projected token',
      manifest({ volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: 'p' } }] } }] }),
      'serviceaccounts (via projected volumes)',
    ],
    [
      'a config map in the environment',
      manifest({ containers: [{ name: 'a', image: 'i', envFrom: [{ configMapRef: { name: 'c' } }] }] }),
      'static pods may not reference configmaps',
    ],
    [
      'a secret in the environment',
      manifest({
        containers: [
          { name: 'a', image: 'i', env: [{ name: 'E', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] },
        ],
      }),
      'static pods may not reference secrets',
    ],
    ['a port that is none', container({ ports: [{ containerPort: 70_000 }] }), 'ports[0].containerPort: Invalid value'],
    ['a host port that is none', container({ ports: [{ containerPort: 1, hostPort: -1 }] }), 'ports[0].hostPort'],
    [
      'a host port on the host’s network that is another',
      container({ ports: [{ containerPort: 80, hostPort: 8080 }] }, { hostNetwork: true }),
      'must match `containerPort` when `hostNetwork` is true',
    ],
    [
      'a protocol that is none',
      container({ ports: [{ containerPort: 80, protocol: 'HTTP' }] }),
      'ports[0].protocol: Unsupported value: "HTTP": supported values: "SCTP", "TCP", "UDP"',
    ],
    ['a variable without a name', container({ env: [{ value: 'x' }] }), 'env[0].name: Required value'],
    ['a variable with two values', container({ env: [{ name: 'A', value: 'x', valueFrom: {} }] }), 'env[0].valueFrom'],
    ['an amount that is none', container({ resources: { limits: { cpu: 'much' } } }), 'resources.limits[cpu]: Invalid'],
    ['a negative amount', container({ resources: { limits: { cpu: '-1' } } }), 'must be greater than or equal to 0'],
    [
      'a request above its limit',
      container({ resources: { requests: { memory: '2Gi' }, limits: { memory: '1Gi' } } }),
      'must be less than or equal to memory limit of 1Gi',
    ],
    ['a probe of no kind', container({ livenessProbe: { periodSeconds: 1 } }), 'must specify a handler type'],
    [
      'a probe of two kinds',
      container({ livenessProbe: { exec: { command: ['a'] }, tcpSocket: { port: 1 } } }),
      'may not specify more than 1 handler type',
    ],
    [
      'a liveness probe that wants two successes',
      container({ livenessProbe: { exec: { command: ['a'] }, successThreshold: 2 } }),
      'livenessProbe.successThreshold: Invalid value: 2: must be 1',
    ],
    ['a pull policy that is none', container({ imagePullPolicy: 'Sometimes' }), 'imagePullPolicy: Unsupported value'],
    [
      'ephemeral containers',
      manifest({ ephemeralContainers: [{ name: 'e', image: 'i' }] }),
      'spec.ephemeralContainers',
    ],
    ['no time to live', manifest({ activeDeadlineSeconds: 0 }), 'spec.activeDeadlineSeconds: Invalid value'],
    [
      'a volume of two kinds',
      manifest({ volumes: [{ name: 'v', emptyDir: {}, hostPath: { path: '/' } }] }),
      'may not specify more than 1 volume type',
    ],
  ])('%s', (_name, given, problem) => expect(() => renderStaticPod(given, origin)).toThrow(problem));

  test('all problems are told at once', () =>
    expect(() => render({ containers: [{ name: 'A' }], restartPolicy: 'x' })).toThrow(
      /^invalid pod: \[spec\.containers\[0\]\.name: .* spec\.containers\[0\]\.image: Required value spec\.restartPolicy: Unsupported value: "x": supported values: "Always", "OnFailure", "Never"\]$/,
    ));

  test.each([
    ['hostPath', { hostPath: { path: '/' } }],
    ['emptyDir', { emptyDir: {} }],
    ['downwardAPI', { downwardAPI: {} }],
    ['projected downwardAPI', { projected: { sources: [{ downwardAPI: {} }] } }],
  ])('volumes that need no API server are all right: %s', (_name, volume) =>
    expect(render({ volumes: [{ name: 'v', ...volume }] }).spec?.volumes).toHaveLength(1),
  );
});
