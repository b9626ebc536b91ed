/** IDs of the node (users and groups alike): `length` of them from `first` on. */
export interface IdRange {
  readonly first: number;
  readonly length: number;
}

const allIds = 2 ** 32;
/** User namespaces are made of whole blocks of this many IDs. */
export const idBlock = 65_536;

/** Everything but the first block, which is the node's own. */
export const defaultRange = (idsPerPod: number): IdRange => ({ first: idsPerPod, length: allIds - idsPerPod });

/** Reads what `getsubids kubelet` prints: `0: kubelet 65536 2147483648`. Throws when it is not one such line. */
export function parseSubordinateIds(output: string): IdRange {
  const lines = output.trim().split('\n');
  const [line = ''] = lines;
  if (lines.length !== 1)
    throw new Error(`error parsing line ${JSON.stringify(output)}: it must contain only one line`);
  const [, , first, length, more] = line.trim().split(/\s+/);
  if (first === undefined || length === undefined || more !== undefined || !/^\d+ \d+$/.test(`${first} ${length}`))
    throw new Error(`invalid line ${JSON.stringify(line)}`);
  return { first: Number(first), length: Number(length) };
}

/** What keeps a range from being used; undefined when it can be. */
export function problemOfRange({ first, length }: IdRange, idsPerPod: number, maxPods: number): string | undefined {
  if (idsPerPod % idBlock !== 0) return `kubelet user namespace length ${idsPerPod} is not a multiple of ${idBlock}`;
  if (first % idsPerPod !== 0) return `kubelet user assigned ID ${first} is not a multiple of ${idsPerPod}`;
  // The node's own root must not be anyone's.
  if (first < idsPerPod) return `kubelet user assigned ID ${first} must be greater or equal to ${idsPerPod}`;
  if (length % idsPerPod !== 0) return `kubelet user assigned IDs length ${length} is not a multiple of ${idsPerPod}`;
  if (length / idsPerPod < maxPods) return `kubelet user assigned IDs are not enough to support ${maxPods} pods`;
  return undefined;
}

/**
 * The first ID of the lowest part that nobody has any of; undefined when all are taken. Pods may have parts of another
 * length, from before the configuration was changed.
 */
export function findFreeIds(
  { first, length }: IdRange,
  idsPerPod: number,
  taken: readonly IdRange[],
): number | undefined {
  const overlaps = (id: number) =>
    taken.some((other) => other.first < id + idsPerPod && id < other.first + other.length);
  for (let id = first; id + idsPerPod <= first + length; id += idsPerPod) if (!overlaps(id)) return id;
  return undefined;
}
