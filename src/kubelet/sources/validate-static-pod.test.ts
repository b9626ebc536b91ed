import { describe, expect, test } from 'vitest';
import { renderStaticPod, type StaticPodOrigin } from './static-pod.ts';

const origin: StaticPodOrigin = {
  source: 'file',
  place: '/etc/kubernetes/manifests/web.yaml',
  nodeName: 'node-1',
  seenAt: '2026-01-01T12:00:00.000000000Z',
};
const manifest = (spec: object = {}, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', ...metadata },
  spec: { containers: [{ name: 'main', image: 'busybox:1.37' }], ...spec },
});
const render = (spec: object) => renderStaticPod(manifest(spec), origin);
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
    [
      'a port of the host twice',
      container({
        ports: [
          { containerPort: 80, hostPort: 80 },
          { containerPort: 81, hostPort: 80 },
        ],
      }),
      'spec.containers[0].ports[1].hostPort: Duplicate value: "TCP//80"',
    ],
    [
      'an init container with a probe',
      manifest({ initContainers: [{ name: 'i', image: 'i', livenessProbe: { exec: { command: ['a'] } } }] }),
      'livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always',
    ],
    ['a DNS policy that is none', manifest({ dnsPolicy: 'x' }), 'spec.dnsPolicy: Unsupported value: "x": supported'],
    [
      'a message policy that is none',
      container({ terminationMessagePolicy: 'x' }),
      'terminationMessagePolicy: Unsupported value: "x": supported values: "File", "FallbackToLogsOnError"',
    ],
    [
      'a part of a volume outside of it',
      container(
        { volumeMounts: [{ name: 'v', mountPath: '/v', subPath: '../x' }] },
        { volumes: [{ name: 'v', emptyDir: {} }] },
      ),
      'spec.containers[0].volumeMounts.subPath: Invalid value: "../x": must not contain \'..\'',
    ],
    [
      'mounts that the host sees, of a container without privileges',
      container(
        { volumeMounts: [{ name: 'v', mountPath: '/v', mountPropagation: 'Bidirectional' }] },
        { volumes: [{ name: 'v', emptyDir: {} }] },
      ),
      'Forbidden: Bidirectional mount propagation is available only to privileged containers',
    ],
    [
      'a path of the host with steps back',
      manifest({ volumes: [{ name: 'v', hostPath: { path: '/a/../b' } }] }),
      'spec.volumes[0].hostPath.path: Invalid value: "/a/../b": must not contain \'..\'',
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
