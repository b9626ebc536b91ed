import { type CgroupFamily, counter, detail, gauge, quota, seconds } from './family-readers.ts';

/** Since when a cgroup is, how it is limited, and how long its tasks had to wait. */
export const limitFamilies: readonly CgroupFamily[] = [
  gauge('start_time_seconds', 'Start time since the epoch in seconds', ({ startedAt }) => [
    { value: startedAt / 1000 },
  ]),
  gauge('last_seen', 'When it was last seen, in seconds since the epoch', ({ at }) => [
    { value: Math.floor(at / 1000) },
  ]),
  gauge(
    'spec_cpu_period',
    'How long a period of the CPU limit is',
    detail(({ cpu }) => cpu.periodMicros),
  ),
  gauge(
    'spec_cpu_quota',
    'CPU time allowed in one',
    quota((cpu) => cpu.quotaMicros ?? 0),
  ),
  gauge(
    'spec_cpu_shares',
    'Its part of the CPUs when they are all in use',
    detail(({ cpu }) => cpu.shares),
  ),
  gauge(
    'spec_memory_limit_bytes',
    'Memory limit, 0: none',
    detail(({ memory }) => memory.limitBytes ?? 0),
  ),
  gauge(
    'spec_memory_reservation_limit_bytes',
    'Memory kept for it',
    detail(({ memory }) => memory.reservationBytes),
  ),
  gauge(
    'spec_memory_swap_limit_bytes',
    'Swap limit, 0: none',
    detail(({ swap }) => swap.limitBytes ?? 0),
  ),
  counter(
    'pressure_cpu_stalled_seconds',
    'All tasks waited for CPUs',
    detail((d) => seconds(d.pressure.cpu.full.total)),
  ),
  counter(
    'pressure_cpu_waiting_seconds',
    'Some did',
    detail((d) => seconds(d.pressure.cpu.some.total)),
  ),
  counter(
    'pressure_memory_stalled_seconds',
    'All waited for memory',
    detail((d) => seconds(d.pressure.memory.full.total)),
  ),
  counter(
    'pressure_memory_waiting_seconds',
    'Some did',
    detail((d) => seconds(d.pressure.memory.some.total)),
  ),
  counter(
    'pressure_io_stalled_seconds',
    'All waited for devices',
    detail((d) => seconds(d.pressure.io.full.total)),
  ),
  counter(
    'pressure_io_waiting_seconds',
    'Some did',
    detail((d) => seconds(d.pressure.io.some.total)),
  ),
];
