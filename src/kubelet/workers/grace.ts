import type { Pod } from '../../api/types.ts';

const minimumSeconds = 1;
const withoutSpecSeconds = 1;

/**
 * How long a pod has to end, in seconds: what an eviction or the like asks for, else what its deletion asks for, else
 * what its spec says. Once set it only gets shorter.
 */
export function computeEffectiveGrace(
  pod: Pod | undefined,
  before: number | undefined,
  override: number | undefined,
): number {
  const deletion = pod?.metadata?.deletionGracePeriodSeconds;
  const asked = [override, deletion, before].filter((seconds) => seconds !== undefined);
  const chosen =
    asked.length > 0 ? Math.min(...asked) : (pod?.spec?.terminationGracePeriodSeconds ?? withoutSpecSeconds);
  return Math.max(minimumSeconds, chosen);
}
