import { once } from 'node:events';
import { join } from 'node:path';
import type { ContainerStatus, Pod, PodStatus } from '../../../api/types.ts';
import { messageOf } from '../../../base/errors.ts';
import { readLogs } from '../../../cri/logs/read.ts';
import type { ObservedContainer } from '../../observed.ts';
import type { PodCache, PodCatalog } from '../../parts.ts';
import { findContainer, nameOf, uidOf } from '../../pod-facts.ts';
import { type Route, sendText } from '../router.ts';

export interface LogQuery {
  readonly follow: boolean;
  readonly previous: boolean;
  readonly timestamps: boolean;
  readonly tailLines: number | undefined;
  readonly sinceSeconds: number | undefined;
  readonly sinceTime: number | undefined;
  readonly limitBytes: number | undefined;
  readonly stream: 'all' | 'stdout' | 'stderr';
}

/** A query that cannot be read (400) or makes no sense (422). */
export class BadLogQuery extends Error {
  readonly status: 400 | 422;

  constructor(
    status: 400 | 422,
    text = `{"message": "${status === 400 ? 'Unable to decode query.' : 'Invalid request.'}"}`,
  ) {
    super(text);
    this.status = status;
  }
}

/** `splitStreams`: one of the two streams may be asked for. Throws a BadLogQuery. */
export function parseLogQuery(query: URLSearchParams, splitStreams = true): LogQuery {
  const number = (name: string, text = query.get(name)): number | undefined => {
    if (text === null) return undefined;
    if (!/^-?\d+$/.test(text)) throw new BadLogQuery(400);
    return Number(text);
  };
  const boolean = (name: string): boolean => {
    const text = query.get(name)?.toLowerCase();
    // Whatever is said is a yes, as with all parameters of the Kubernetes API.
    return text !== undefined && text !== 'false' && text !== '0';
  };
  // The older name of tailLines, which wins.
  const tail = query.get('tail') || undefined;
  const tailLines = number('tailLines', tail === 'all' ? null : tail);
  const since = query.get('sinceTime');
  const sinceTime = since === null || since === '' ? undefined : Date.parse(since);
  if (sinceTime !== undefined && Number.isNaN(sinceTime)) throw new BadLogQuery(400);
  const sinceSeconds = number('sinceSeconds');
  const limitBytes = number('limitBytes');
  const stream = query.get('stream') ?? 'All';
  const senseless =
    (tailLines ?? 0) < 0 ||
    (sinceSeconds ?? 1) < 1 ||
    (limitBytes ?? 1) < 1 ||
    (sinceSeconds !== undefined && sinceTime !== undefined);
  if (senseless || !['All', 'Stdout', 'Stderr'].includes(stream)) throw new BadLogQuery(422);
  if (!splitStreams && stream !== 'All')
    throw new BadLogQuery(
      400,
      `unable to return the given log stream: "${stream}". Please enable PodLogsQuerySplitStreams feature gate in kubelet`,
    );
  return {
    follow: boolean('follow'),
    previous: boolean('previous'),
    timestamps: boolean('timestamps'),
    tailLines,
    sinceSeconds,
    sinceTime,
    limitBytes,
    stream: stream === 'All' ? 'all' : stream === 'Stdout' ? 'stdout' : 'stderr',
  };
}

const bare = (id: string | undefined): string | undefined => id?.replace(/^\w+:\/\//, '') || undefined;

/** Which instance's log is meant: its ID, or why there is none to read. */
export function chooseInstance(
  pod: Pod,
  containerName: string,
  status: PodStatus | undefined,
  previous: boolean,
): { id: string } | { problem: string } {
  const statuses: readonly ContainerStatus[] = [
    ...(status?.containerStatuses ?? []),
    ...(status?.initContainerStatuses ?? []),
    ...(status?.ephemeralContainerStatuses ?? []),
  ];
  const found = statuses.find(({ name }) => name === containerName);
  const where = `container ${JSON.stringify(containerName)} in pod ${JSON.stringify(nameOf(pod))}`;
  if (found === undefined) return { problem: `${where} is not available` };
  const last = bare(found.lastState?.terminated?.containerID);
  if (previous) {
    if (last === undefined) return { problem: `previous terminated ${where} not found` };
    return { id: last };
  }
  if (found.state?.running !== undefined) return { id: bare(found.containerID) ?? '' };
  if (found.state?.terminated !== undefined) {
    const id = bare(found.state.terminated.containerID) ?? last;
    return id === undefined ? { problem: `${where} is terminated` } : { id };
  }
  if (last !== undefined) return { id: last };
  const reason = found.state?.waiting?.reason ?? '';
  if (reason === 'ErrImagePull') return { problem: `${where} is waiting to start: image can't be pulled` };
  if (reason === 'ImagePullBackOff')
    return { problem: `${where} is waiting to start: trying and failing to pull image` };
  return { problem: `${where} is waiting to start: ${reason}` };
}

export interface ContainerLogsOptions {
  readonly catalog: PodCatalog;
  readonly cache: PodCache;
  readonly statusOf: (uid: string) => PodStatus | undefined;
  readonly logsRoot: string;
  /** Whether one of the two streams may be asked for. */
  readonly splitStreams: boolean;
  readonly now: () => number;
}

/** What `kubectl logs` shows. */
export function containerLogsRoute({
  catalog,
  cache,
  statusOf,
  logsRoot,
  splitStreams,
  now,
}: ContainerLogsOptions): Route {
  const instance = (uid: string, id: string): ObservedContainer | undefined =>
    cache.get(uid)?.containers.find((container) => container.id === id);

  return {
    path: '/containerLogs/{namespace}/{pod}/{container}',
    debug: true,
    methods: ['GET'],
    async handle({ response, params, url }) {
      const { namespace = '', pod: podName = '', container: containerName = '' } = params;
      let query: LogQuery;
      try {
        query = parseLogQuery(url.searchParams, splitStreams);
      } catch (error) {
        if (!(error instanceof BadLogQuery)) throw error;
        return sendText(response, error.status, error.message);
      }
      const pod = catalog.byFullName(namespace, podName);
      if (pod === undefined) return sendText(response, 404, `pod ${JSON.stringify(podName)} does not exist`);
      if (findContainer(pod, containerName) === undefined) {
        return sendText(
          response,
          404,
          `container ${JSON.stringify(containerName)} not found in pod ${JSON.stringify(podName)}`,
        );
      }
      const uid = catalog.translateUid(uidOf(pod));
      const chosen = chooseInstance(pod, containerName, statusOf(uid), query.previous);
      if ('problem' in chosen) return sendText(response, 400, chosen.problem);
      const seen = instance(uid, chosen.id);
      if (seen === undefined)
        return sendText(response, 500, `unable to retrieve container logs for containerd://${chosen.id}`);

      const gone = new AbortController();
      response.once('close', () => gone.abort());
      response.writeHead(200, { 'transfer-encoding': 'chunked' });
      response.flushHeaders();
      try {
        await readLogs(
          seen.logPath || join(logsRoot, `${namespace}_${podName}_${uid}`, containerName, `${seen.restartCount}.log`),
          {
            ...query,
            since:
              query.sinceTime ?? (query.sinceSeconds === undefined ? undefined : now() - query.sinceSeconds * 1000),
            isRunning: async () => instance(uid, chosen.id)?.state === 'running',
            write: async (chunk) => {
              gone.signal.throwIfAborted();
              if (!response.write(chunk)) await once(response, 'drain', { signal: gone.signal });
            },
            signal: gone.signal,
          },
        );
      } catch (error) {
        if (!gone.signal.aborted) response.write(`failed to read the log: ${messageOf(error)}\n`);
      }
      response.end();
    },
  };
}
