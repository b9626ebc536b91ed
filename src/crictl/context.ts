import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { grpcCri } from '../cri/grpc.ts';
import type { Cri } from '../cri/port.ts';
import { parseDuration } from './units.ts';

/** What every command works with. */
export interface CrictlContext {
  readonly cri: Cri;
  readonly now: () => number;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

export interface GlobalOptions {
  readonly runtimeEndpoint?: string;
  readonly imageEndpoint?: string;
  readonly timeout?: string;
  readonly config: string;
}

const defaultEndpoint = 'unix:///run/containerd/containerd.sock';
const defaultTimeoutMs = 2000;
/** A loaded node answers slowly; crictl's own 2 seconds are for an idle one. */
const leastTimeoutMs = 10_000;

/** Flags win over the environment, the environment over /etc/crictl.yaml. */
export function resolveEndpoints(
  options: GlobalOptions,
  env: NodeJS.ProcessEnv,
): { runtime: string; image: string; timeoutMs: number } {
  const file: unknown = existsSync(options.config) ? parse(readFileSync(options.config, 'utf8')) : {};
  const setting = (key: string): string | undefined => {
    if (typeof file !== 'object' || file === null || !(key in file)) return undefined;
    const value = (file as Record<string, unknown>)[key];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
  };
  const runtime =
    options.runtimeEndpoint ??
    env.CONTAINER_RUNTIME_ENDPOINT ??
    (setting('runtime-endpoint') || undefined) ??
    defaultEndpoint;
  const image =
    options.imageEndpoint ?? env.IMAGE_SERVICE_ENDPOINT ?? (setting('image-endpoint') || undefined) ?? runtime;
  const asked = options.timeout ?? setting('timeout');
  const timeoutMs = asked === undefined ? defaultTimeoutMs : (parseDuration(asked) ?? Number(asked) * 1000);
  return { runtime, image, timeoutMs: Math.max(leastTimeoutMs, timeoutMs || 0) };
}

export function openContext(options: GlobalOptions): CrictlContext {
  const { runtime, image, timeoutMs } = resolveEndpoints(options, process.env);
  return {
    cri: grpcCri({ runtimeEndpoint: runtime, imageEndpoint: image, timeoutMs }),
    now: () => Date.now(),
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
  };
}
