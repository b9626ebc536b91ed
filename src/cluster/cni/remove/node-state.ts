import * as z from 'zod';
import type { ContainerEngine } from '../../../engine/port.ts';
import { runOnNode } from '../../node-command.ts';
import type { NodeRoute, NodeState } from './decide.ts';

const script = `const { spawnSync } = require('node:child_process');
const run = (program, ...args) => spawnSync(program, args, { encoding: 'utf8', maxBuffer: 64 << 20 }).stdout || '';
const list = (text) => { try { return JSON.parse(text); } catch { return []; } };
const routes = (family) => list(run('ip', '-' + family, '-json', '-N', 'route', 'show'))
  .map(({ dst, type, protocol }) => ({ family, destination: dst, type, protocol }));
console.log(JSON.stringify({
  interfaces: list(run('ip', '-json', 'link', 'show')).map(({ ifname }) => ifname),
  routes: [...routes(4), ...routes(6)],
  rules: { ipv4: run('iptables-save'), ipv6: run('ip6tables-save') },
}));`;

const route = z.object({
  family: z.union([z.literal(4), z.literal(6)]),
  destination: z.string(),
  type: z.string().optional(),
  protocol: z.string().default(''),
});
const schema = z.object({
  interfaces: z.array(z.string()),
  routes: z.array(route),
  rules: z.object({ ipv4: z.string(), ipv6: z.string() }),
});

/** Throws NODE_COMMAND_FAILED. */
export async function readNodeState(engine: ContainerEngine, node: string, signal: AbortSignal): Promise<NodeState> {
  const output = await runOnNode(engine, node, ['/usr/lib/klab/bin/node', '-e', script], { signal, timeoutMs: 20_000 });
  const { interfaces, routes, rules } = schema.parse(JSON.parse(output));
  return { interfaces, rules, routes: routes.map(toRoute) };
}

const toRoute = ({ family, destination, type, protocol }: z.infer<typeof route>): NodeRoute => ({
  family,
  destination,
  type: type === undefined || type === 'unicast' || type === '1' ? undefined : (routeTypes[type] ?? type),
  protocol,
});

/** `ip -N` writes types as the kernel's numbers. */
const routeTypes: Readonly<Record<string, string>> = { '6': 'blackhole', '7': 'unreachable', '8': 'prohibit' };
