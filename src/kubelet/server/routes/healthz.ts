import { type Route, sendText } from '../router.ts';

const metricsType = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * /healthz, each of its checks by name, and /metrics/slis, which counts how they came out. `syncLoopProblem` says why
 * the sync loop is not healthy; undefined: it is.
 */
export function healthRoutes(syncLoopProblem: () => string | undefined): readonly Route[] {
  const checks: Readonly<Record<string, () => string | undefined>> = {
    ping: () => undefined,
    log: () => undefined,
    syncloop: syncLoopProblem,
  };
  const outcomes = new Map<string, { good: number; bad: number; last: 0 | 1 }>();

  function look(name: string, check: () => string | undefined): string | undefined {
    const problem = check();
    const counted = outcomes.get(name) ?? { good: 0, bad: 0, last: 0 };
    if (problem === undefined) counted.good += 1;
    else counted.bad += 1;
    counted.last = problem === undefined ? 1 : 0;
    outcomes.set(name, counted);
    return problem;
  }

  const show = (name: string, check: () => string | undefined, excluded: readonly string[]): string => {
    if (excluded.includes(name)) return `[+]${name} excluded: ok`;
    return look(name, check) === undefined ? `[+]${name} ok` : `[-]${name} failed: reason withheld`;
  };

  return [
    {
      path: '/healthz',
      handle({ response, url }) {
        const excluded = url.searchParams.getAll('exclude');
        const strangers = excluded.filter((name) => !Object.hasOwn(checks, name));
        const results = Object.entries(checks).map(([name, check]) => show(name, check, excluded));
        const failed = results.some((line) => line.startsWith('[-]'));
        const unmatched = strangers.map((name) => JSON.stringify(name)).join(', ');
        const lines = [
          ...results,
          ...(strangers.length === 0
            ? []
            : [`warn: some health checks cannot be excluded: no matches for ${unmatched}`]),
        ];
        if (failed) return sendText(response, 500, `${lines.join('\n')}\nhealthz check failed\n`);
        sendText(response, 200, url.searchParams.has('verbose') ? `${lines.join('\n')}\nhealthz check passed\n` : 'ok');
      },
    },
    ...Object.entries(checks).map(
      ([name, check]): Route => ({
        path: `/healthz/${name}`,
        handle({ response }) {
          const problem = look(name, check);
          if (problem === undefined) sendText(response, 200, 'ok');
          else sendText(response, 500, `internal server error: ${problem}\n`);
        },
      }),
    ),
    {
      path: '/metrics/slis',
      handle({ response }) {
        const text = [
          '# HELP kubernetes_healthcheck [STABLE] The result of the last check, 1 for a good one.',
          '# TYPE kubernetes_healthcheck gauge',
          ...[...outcomes].map(([name, { last }]) => `kubernetes_healthcheck{name="${name}",type="healthz"} ${last}`),
          '# HELP kubernetes_healthchecks_total [STABLE] Checks by how they came out.',
          '# TYPE kubernetes_healthchecks_total counter',
          ...[...outcomes].flatMap(([name, { good, bad }]) => [
            `kubernetes_healthchecks_total{name="${name}",status="success",type="healthz"} ${good}`,
            `kubernetes_healthchecks_total{name="${name}",status="error",type="healthz"} ${bad}`,
          ]),
        ];
        sendText(response, 200, `${text.join('\n')}\n`, metricsType);
      },
    },
  ];
}
