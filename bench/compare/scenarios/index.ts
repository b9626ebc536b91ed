import { burst, burst50 } from './burst.ts';
import { exit } from './exit.ts';
import { floor } from './floor.ts';
import { full } from './full.ts';
import { idle } from './idle.ts';
import { latency } from './latency.ts';
import type { Scenario } from './scenario.ts';

export type { Scenario, Task } from './scenario.ts';

/** By the name that --only takes, in the order they are run. */
export const scenarios: Readonly<Record<string, Scenario>> = {
  idle,
  latency,
  burst10: burst(10),
  burst50,
  burst100: burst(100),
  exit,
  full,
  floor,
};
