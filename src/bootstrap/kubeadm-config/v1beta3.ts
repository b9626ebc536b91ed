import { isJsonObject } from '../../config/patches/json-value.ts';

export const v1beta3 = 'kubeadm.k8s.io/v1beta3';
export const v1beta4 = 'kubeadm.k8s.io/v1beta4';

type Document = Readonly<Record<string, unknown>>;

// The two versions differ where klab's documents are concerned in one thing: v1beta3 writes extra arguments as a map,
// v1beta4 as a list. A patch written for v1beta3 is applied to the v1beta3 form of the document, so that it adds to
// the arguments as its author meant, rather than replacing the list.

/** The document as v1beta3 has it. */
export const toV1beta3 = (document: Document): Document => ({
  ...mapArguments(document, (args) => (Array.isArray(args) ? argumentMap(args) : args)),
  apiVersion: v1beta3,
});

/** Back to v1beta4. */
export const fromV1beta3 = (document: Document): Document => ({
  ...mapArguments(document, (args) =>
    isJsonObject(args) ? Object.entries(args).map(([name, value]) => ({ name, value })) : args,
  ),
  apiVersion: v1beta4,
});

/** True when a patch that names no version can only be meant for v1beta3: its extra arguments are a map. */
export function hasArgumentMaps(patch: Document): boolean {
  let found = false;
  mapArguments(patch, (args) => {
    found ||= isJsonObject(args);
    return args;
  });
  return found;
}

const argumentMap = (args: readonly unknown[]): Document =>
  Object.fromEntries(args.filter(isJsonObject).map((arg) => [String(arg.name), arg.value]));

const argumentHolders = [
  ['apiServer', 'extraArgs'],
  ['controllerManager', 'extraArgs'],
  ['scheduler', 'extraArgs'],
  ['etcd', 'local', 'extraArgs'],
  ['nodeRegistration', 'kubeletExtraArgs'],
] as const;

const mapArguments = (document: Document, change: (args: unknown) => unknown): Document =>
  argumentHolders.reduce((changed, path) => mapAt(changed, path, change), document);

function mapAt(value: Document, path: readonly string[], change: (args: unknown) => unknown): Document {
  const [key, ...rest] = path;
  if (key === undefined || !(key in value)) return value;
  const inner = value[key];
  if (rest.length === 0) return { ...value, [key]: change(inner) };
  return isJsonObject(inner) ? { ...value, [key]: mapAt(inner, rest, change) } : value;
}
