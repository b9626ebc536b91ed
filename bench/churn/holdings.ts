/** What a node and its kubelet hold at one moment, by what it is: numbers of things, and memory in MB. */
export type Holdings = Readonly<Record<HoldingName, number>>;

/** Everything that is counted, and the shell that counts it; `$p` is the kubelet's process. */
export const holdingScripts = {
  memoryMb: `awk '/^VmRSS/ { print int($2 / 1024) }' /proc/$p/status`,
  openFiles: 'ls /proc/$p/fd | wc -l',
  threads: 'ls /proc/$p/task | wc -l',
  children: 'pgrep -c -P $p; true',
  mounts: 'wc -l < /proc/self/mountinfo',
  cgroups: 'find /sys/fs/cgroup -type d | wc -l',
  networkNamespaces: 'ls /run/netns 2>/dev/null | wc -l',
  interfaces: 'ls /sys/class/net | wc -l',
  podFolders: 'ls /var/lib/kubelet/pods | wc -l',
  podLogFolders: 'ls /var/log/pods | wc -l',
  logLinks: 'ls /var/log/containers | wc -l',
  sandboxes: 'crictl pods -q | wc -l',
  containers: 'crictl ps -a -q | wc -l',
  shims: 'pgrep -c containerd-shim; true',
} as const;

export type HoldingName = keyof typeof holdingScripts;

const names = Object.keys(holdingScripts) as readonly HoldingName[];

/** One script that prints a line `name number` for each. */
export const renderHoldingsScript = (): string =>
  ['p=$(pgrep -xo kubelet)', ...names.map((name) => `echo ${name} $(${holdingScripts[name]})`)].join('\n');

/** Reads what the script printed. Throws when something was not counted. */
export function parseHoldings(text: string): Holdings {
  const found = new Map(
    text.split('\n').map((line) => [line.split(' ')[0] ?? '', Number(line.split(' ')[1] || Number.NaN)]),
  );
  const holdings = Object.fromEntries(names.map((name) => [name, found.get(name) ?? Number.NaN]));
  const missing = names.filter((name) => Number.isNaN(holdings[name]));
  if (missing.length > 0) throw new Error(`not counted on the node: ${missing.join(', ')}`);
  return holdings as Holdings;
}
