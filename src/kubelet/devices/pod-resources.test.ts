import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Pod } from '../../api/types.ts';
import { FakeClock } from '../../base/clock.ts';
import {
  type ListPodResourcesResponse,
  PodResourcesListerClient,
  PodResourcesListerService,
} from '../../cri/generated/podresources.ts';
import { createJournal } from '../../journal/journal.ts';
import { createMetrics } from '../../journal/metrics.ts';
import { servePodResources } from './pod-resources.ts';

const pod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'ns', uid: 'u1' },
  spec: {
    initContainers: [{ name: 'sidecar', restartPolicy: 'Always' }],
    containers: [{ name: 'main' }],
  },
};

let folder: string;
let stop: () => void;
let client: PodResourcesListerClient;
let metrics: ReturnType<typeof createMetrics>;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pod-resources-'));
  const socket = join(folder, 'kubelet.sock');
  const clock = new FakeClock();
  metrics = createMetrics();
  const held = { cpus: new Set([1, 0]), memory: [] };
  stop = await servePodResources(
    socket,
    {
      pods: () => [pod],
      entries: () => [
        {
          podUid: 'u1',
          container: 'main',
          resource: 'x.io/y',
          devices: new Map([[0, ['a']]]),
          response: new Uint8Array(),
        },
      ],
      devices: () => new Map(),
      claims: () => [],
      placement: { heldBy: () => held, allocatable: () => held },
    },
    { clock, journal: createJournal(clock, [metrics.reader]) },
  );
  client = new PodResourcesListerClient(`unix://${socket}`, credentials.createInsecure());
});

afterEach(() => {
  client.close();
  stop();
  rmSync(folder, { recursive: true });
});

const list = () =>
  new Promise<ListPodResourcesResponse>((resolve, reject) =>
    client.list({}, (error, answer) => (error === null ? resolve(answer) : reject(error))),
  );

test('the older version knows main containers and their devices, nothing else', async () => {
  const { path, requestSerialize, responseDeserialize } = PodResourcesListerService.list;
  const answer = await new Promise<ListPodResourcesResponse | undefined>((resolve, reject) =>
    (client as Client).makeUnaryRequest(
      path.replace('/v1.', '/v1alpha1.'),
      requestSerialize,
      responseDeserialize,
      {},
      (error, value) => (error === null ? resolve(value) : reject(error)),
    ),
  );
  expect(answer?.podResources).toEqual([
    expect.objectContaining({
      name: 'p',
      containers: [
        expect.objectContaining({
          name: 'main',
          cpuIds: [],
          devices: [{ resourceName: 'x.io/y', deviceIds: ['a'], topology: undefined }],
        }),
      ],
    }),
  ]);
  expect(await metrics.all()).toMatch(
    /^kubelet_pod_resources_endpoint_requests_total\{server_api_version="v1alpha1"\} 1$/m,
  );
});

test('requests are counted, and those that fail', async () => {
  await list();
  const error = await new Promise<ServiceError | null>((resolve) =>
    client.get({ podName: 'q', podNamespace: 'ns' }, (problem) => resolve(problem)),
  );
  expect(error?.details).toBe('pod q in namespace ns not found');
  const text = await metrics.all();
  for (const [name, count] of [
    ['requests_total', 2],
    ['requests_list', 1],
    ['requests_get', 1],
    ['errors_get', 1],
  ])
    expect(text).toContain(`kubelet_pod_resources_endpoint_${name}{server_api_version="v1"} ${count}\n`);
});

test('what asks too often is refused', async () => {
  for (let i = 0; i < 10; i++) await list();
  await expect(list()).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED, details: 'rejected by rate limit' });
});
