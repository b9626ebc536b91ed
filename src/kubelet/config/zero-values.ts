import { builtInDefaults, type ConfigTree } from './defaults.ts';

/** Numbers that count as "not given" when they are 0; any other 0 is meant. */
const numbersWithoutZero = new Set([
  'port',
  'registryBurst',
  'eventBurst',
  'nodeLeaseDurationSeconds',
  'maxPods',
  'maxOpenFiles',
  'kubeAPIBurst',
  'logging.flushFrequency',
]);

/** Texts that stand for themselves even when they are empty or 0s: `resolvConf: ""` means none. */
const meantAsWritten = new Set([
  'resolvConf',
  'cpuCFSQuotaPeriod',
  'containerLogMonitorInterval',
  'crashLoopBackOff.maxContainerRestartPeriod',
  'imageMaximumGCAge',
  'shutdownGracePeriod',
  'shutdownGracePeriodCriticalPods',
]);

const isTree = (value: unknown): value is ConfigTree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isZero = (path: string, value: unknown): boolean =>
  value === null ||
  (typeof value === 'string' && !meantAsWritten.has(path) && /^(0(ns|us|µs|ms|s|m|h)?)?$/.test(value)) ||
  (value === 0 && numbersWithoutZero.has(path));

/**
 * A file's fields without those that hold a zero where upstream takes zero for "not given": kubeadm writes files full
 * of `syncFrequency: 0s`.
 */
export function withoutZeroValues(file: ConfigTree, defaults: ConfigTree = builtInDefaults, parent = ''): ConfigTree {
  return Object.fromEntries(
    Object.entries(file).flatMap(([key, value]) => {
      const path = `${parent}${key}`;
      const fallback = defaults[key];
      if (fallback === undefined) return [[key, value]];
      if (isZero(path, value)) return [];
      return [[key, isTree(value) && isTree(fallback) ? withoutZeroValues(value, fallback, `${path}.`) : value]];
    }),
  );
}
