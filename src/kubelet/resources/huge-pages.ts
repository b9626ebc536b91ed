import { unitsOf } from '../quantity.ts';

/** How many bytes of huge pages of one size may be used. */
export interface HugePageLimit {
  /** As the kernel names a size: `2MB`, `1GB`. */
  readonly pageSize: string;
  readonly bytes: number;
}

const prefix = 'hugepages-';

/** What `amounts` (bytes by resource name) says of each size that the kernel knows, in bytes; nothing said: none. */
export function hugePageLimits(
  amounts: Readonly<Record<string, number>>,
  sizes: readonly number[],
): readonly HugePageLimit[] {
  const allowed = new Map(
    Object.entries(amounts)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, bytes]) => [unitsOf(name.slice(prefix.length)), bytes]),
  );
  return sizes.map((size) => ({ pageSize: pageSizeText(size), bytes: allowed.get(size) ?? 0 }));
}

function pageSizeText(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'];
  let [size, unit] = [bytes, 0];
  while (size % 1024 === 0 && unit < units.length - 1) [size, unit] = [size / 1024, unit + 1];
  return `${size}${units[unit]}`;
}
