import { stringify } from 'yaml';

export type Format = 'table' | 'json' | 'yaml';

/** Columns as crictl aligns them: each as wide as its widest cell, three spaces between. */
export function renderTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => cell.padEnd((widths[i] ?? 0) + 3))
      .join('')
      .trimEnd();
  return `${[header, ...rows].map(line).join('\n')}\n`;
}

/** Names of the enum values that are 0, by field: protobuf's JSON writes the name where the plain object has the number. */
export type ZeroNames = Readonly<Record<string, string>>;

const commonZeroNames: ZeroNames = {
  network: 'POD',
  pid: 'POD',
  ipc: 'POD',
  propagation: 'PROPAGATION_PRIVATE',
  profileType: 'RuntimeDefault',
  supplementalGroupsPolicy: 'Merge',
  cgroupDriver: 'SYSTEMD',
};

/**
 * Protobuf's JSON form of a message with every default written out, as crictl prints it: `plain` is the decoded
 * message (all fields present), `named` its generated JSON (enum names, but no defaults).
 */
export function protoJson(plain: unknown, named: unknown, zeroNames: ZeroNames = {}, field = ''): unknown {
  if (typeof plain === 'bigint') return plain.toString();
  if (plain instanceof Uint8Array) return Buffer.from(plain).toString('base64');
  if (typeof plain === 'number' && named === undefined && plain === 0) {
    return zeroNames[field] ?? commonZeroNames[field] ?? plain;
  }
  if (typeof plain === 'number' && typeof named === 'string') return named;
  if (Array.isArray(plain)) {
    const list = Array.isArray(named) ? named : [];
    return plain.map((item, i) => protoJson(item, list[i], zeroNames, field));
  }
  if (typeof plain === 'object' && plain !== null) {
    const other: Record<string, unknown> = typeof named === 'object' && named !== null ? { ...named } : {};
    return Object.fromEntries(
      Object.entries(plain).map(([key, value]) => [key, protoJson(value ?? null, other[key], zeroNames, key)]),
    );
  }
  return plain;
}

export const renderJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
export const renderYaml = (value: unknown): string => stringify(value);

export const render = (format: 'json' | 'yaml', value: unknown): string =>
  format === 'json' ? renderJson(value) : renderYaml(value);
