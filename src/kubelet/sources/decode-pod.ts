import type { Pod } from '../../api/types.ts';
import { UndecodableManifest } from './manifest-error.ts';
import { canonical } from './static-uid.ts';

/** What a field is to the API's library; `go` is the name of its type in errors. */
interface Field {
  readonly go: string;
  readonly is: 'string' | 'boolean' | 'integer' | 'list' | 'map' | 'struct';
  /** Of a list or map: what is in it. */
  readonly item?: Field;
  readonly fields?: Readonly<Record<string, Field>>;
}

const text = (go = 'string'): Field => ({ go, is: 'string' });
const bool: Field = { go: 'bool', is: 'boolean' };
const integer = (go: 'int32' | 'int64'): Field => ({ go, is: 'integer' });
const list = (item: Field): Field => ({ go: `[]${item.go}`, is: 'list', item });
const map = (item: Field): Field => ({ go: `map[string]${item.go}`, is: 'map', item });
const struct = (name: string, fields: Readonly<Record<string, Field>>): Field => ({
  go: `v1.${name}`,
  is: 'struct',
  fields,
});

const container = struct('Container', {
  name: text(),
  image: text(),
  imagePullPolicy: text('v1.PullPolicy'),
  workingDir: text(),
  command: list(text()),
  args: list(text()),
  env: list(struct('EnvVar', { name: text(), value: text() })),
  ports: list(
    struct('ContainerPort', {
      name: text(),
      containerPort: integer('int32'),
      hostPort: integer('int32'),
      hostIP: text(),
    }),
  ),
  volumeMounts: list(struct('VolumeMount', { name: text(), mountPath: text(), subPath: text(), readOnly: bool })),
});
const spec = struct('PodSpec', {
  containers: list(container),
  initContainers: list(container),
  volumes: list(struct('Volume', { name: text() })),
  restartPolicy: text('v1.RestartPolicy'),
  dnsPolicy: text('v1.DNSPolicy'),
  nodeSelector: map(text()),
  hostname: text(),
  hostNetwork: bool,
  hostPID: bool,
  hostIPC: bool,
  priorityClassName: text(),
  priority: integer('int32'),
  serviceAccountName: text(),
  terminationGracePeriodSeconds: integer('int64'),
  activeDeadlineSeconds: integer('int64'),
});
const metadata = struct('ObjectMeta', {
  name: text(),
  namespace: text(),
  uid: text('types.UID'),
  labels: map(text()),
  annotations: map(text()),
});
const podFields: Field = struct('Pod', { metadata, spec });

const typeMeta = String.raw`struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }`;

/** The parsed text as the pod it says it is, the fields that matter being of their types. Throws UndecodableManifest. */
export function decodePod(manifest: unknown): Pod {
  if (typeof manifest !== 'object' || manifest === null || Array.isArray(manifest)) {
    const problem = `json: cannot unmarshal ${wordOf(manifest)} into Go value of type ${typeMeta}`;
    throw new UndecodableManifest(
      manifest === null
        ? "Object 'Kind' is missing in 'null'"
        : `couldn't get version/kind; json parse error: ${problem}`,
    );
  }
  const { apiVersion, kind } = manifest as { apiVersion?: unknown; kind?: unknown };
  if (!kind) throw new UndecodableManifest(`Object 'Kind' is missing in '${canonical(manifest)}'`);
  if (!apiVersion) throw new UndecodableManifest(`Object 'apiVersion' is missing in '${canonical(manifest)}'`);
  if (apiVersion !== 'v1' || kind !== 'Pod')
    throw new UndecodableManifest(`invalid pod: it is a ${String(kind)} of ${String(apiVersion)}, not a Pod of v1`);
  const problem = findMistyped(manifest, podFields, '', '');
  if (problem !== undefined) throw new UndecodableManifest(problem);
  return withoutNulls(manifest) as Pod;
}

/** What is null is as good as not there. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  const given = Object.entries(value).filter(([, inner]) => inner !== null && inner !== undefined);
  return Object.fromEntries(given.map(([key, inner]) => [key, withoutNulls(inner)]));
}

function wordOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

const fits: Readonly<Record<Field['is'], (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  boolean: (value) => typeof value === 'boolean',
  integer: Number.isInteger,
  list: Array.isArray,
  map: (value) => wordOf(value) === 'object',
  struct: (value) => wordOf(value) === 'object',
};

/** `owner`: the innermost struct, `path`: how to get there from the pod; both stand in the error. */
function findMistyped(value: unknown, field: Field, owner: string, path: string): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (!fits[field.is](value)) {
    const word = field.is === 'integer' && typeof value === 'number' ? `number ${value}` : wordOf(value);
    return `json: cannot unmarshal ${word} into Go struct field ${owner}.${path} of type ${field.go}`;
  }
  const { item, fields } = field;
  if (item !== undefined) {
    return firstOf(Object.values(value), (one) => findMistyped(one, item, owner, path));
  }
  const name = field.go.replace('v1.', '');
  return firstOf(Object.keys(fields ?? {}).sort(), (key) => {
    const inner = fields?.[key];
    const below = (value as Record<string, unknown>)[key];
    return inner && findMistyped(below, inner, name, path === '' ? key : `${path}.${key}`);
  });
}

function firstOf<T>(all: readonly T[], find: (one: T) => string | undefined): string | undefined {
  for (const one of all) {
    const found = find(one);
    if (found !== undefined) return found;
  }
  return undefined;
}
