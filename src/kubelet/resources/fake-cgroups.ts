import type { CgroupFs } from './cgroup-fs.ts';
import type { CgroupSettings } from './cgroup-settings.ts';

/** cgroups in memory, for tests: what is set on each by its path. */
export function fakeCgroups(version: 1 | 2 = 2): CgroupFs & { readonly tree: ReadonlyMap<string, CgroupSettings> } {
  const tree = new Map<string, CgroupSettings>();
  const at = (path: string): CgroupSettings => {
    const settings = tree.get(path);
    if (settings === undefined) throw new Error(`no cgroup ${path}`);
    return settings;
  };
  const homes = new Map<number, string>();
  const below = (path: string) => [...tree.keys()].filter((key) => key.startsWith(`${path}/`));
  return {
    tree,
    version,
    make(path) {
      const parts = path.split('/').slice(1);
      for (let i = 1; i <= parts.length; i += 1) {
        const folder = `/${parts.slice(0, i).join('/')}`;
        if (!tree.has(folder)) tree.set(folder, {});
      }
    },
    enter(path, pid) {
      at(path);
      homes.set(pid, path);
    },
    apply: (path, settings) => void tree.set(path, { ...at(path), ...settings }),
    read: at,
    memoryUsage: () => 0,
    exists: (path) => tree.has(path),
    children: (path) =>
      below(path)
        .map((key) => key.slice(path.length + 1))
        .filter((name) => !name.includes('/')),
    processes: (path) => [...homes].filter(([, home]) => home === path).map(([pid]) => pid),
    remove(path) {
      for (const key of [path, ...below(path)]) tree.delete(key);
      return true;
    },
  };
}
