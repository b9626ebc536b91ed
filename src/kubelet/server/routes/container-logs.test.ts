import { describe, expect, test } from 'vitest';
import type { ContainerStatus } from '../../../api/types.ts';
import { aContainer, aPod } from '../../test-builders.ts';
import { BadLogQuery, chooseInstance, type LogQuery, parseLogQuery } from './container-logs.ts';

describe('parseLogQuery', () => {
  test.each<[string, Partial<LogQuery>]>([
    ['', { follow: false, previous: false, timestamps: false, tailLines: undefined, stream: 'all' }],
    ['follow=true&previous=1&timestamps', { follow: true, previous: true, timestamps: true }],
    ['follow=false&previous=0', { follow: false, previous: false }],
    ['tailLines=0', { tailLines: 0 }],
    ['tailLines=10&limitBytes=5&sinceSeconds=3', { tailLines: 10, limitBytes: 5, sinceSeconds: 3 }],
    ['tail=7', { tailLines: 7 }],
    ['tail=all', { tailLines: undefined }],
    ['tailLines=1&tail=7', { tailLines: 7 }],
    ['tailLines=1&tail=all', { tailLines: undefined }],
    ['follow=perhaps&previous=FALSE', { follow: true, previous: false }],
    ['sinceTime=2026-11-23T12:00:00Z', { sinceTime: Date.UTC(2026, 10, 23, 12) }],
  ])('%s', (query, expected) => expect(parseLogQuery(new URLSearchParams(query))).toMatchObject(expected));

  test.each<[string, 400 | 422]>([
    ['tailLines=x', 400],
    ['sinceTime=yesterday', 400],
    ['tailLines=', 400],
    ['stream=Stdlog', 422],
    ['tailLines=-1', 422],
    ['limitBytes=0', 422],
    ['sinceSeconds=0', 422],
    ['sinceSeconds=1&sinceTime=2026-11-23T12:00:00Z', 422],
  ])('%s is answered with %i', (query, status) => {
    expect(() => parseLogQuery(new URLSearchParams(query))).toThrow(BadLogQuery);
    try {
      parseLogQuery(new URLSearchParams(query));
    } catch (error) {
      expect(error).toMatchObject({ status });
    }
  });
});

describe('chooseInstance', () => {
  const pod = aPod({ containers: [aContainer('main')] });
  const status = (more: Partial<ContainerStatus>): ContainerStatus => ({
    name: 'main',
    image: 'busybox:1.37',
    imageID: '',
    ready: false,
    restartCount: 1,
    ...more,
  });
  const running = status({ containerID: 'containerd://now', state: { running: {} } });
  const ended = { terminated: { exitCode: 1, containerID: 'containerd://before' } };
  const waiting = (reason: string): ContainerStatus => status({ state: { waiting: { reason } } });

  test.each<[string, ContainerStatus, boolean, ReturnType<typeof chooseInstance>]>([
    ['what runs', running, false, { id: 'now' }],
    ['what ran before', { ...running, lastState: ended }, true, { id: 'before' }],
    ['what has ended', status({ state: ended }), false, { id: 'before' }],
    [
      'the last one, while the next waits',
      { ...waiting('CrashLoopBackOff'), lastState: ended },
      false,
      { id: 'before' },
    ],
    ['none before', running, true, { problem: 'previous terminated container "main" in pod "web" not found' }],
    [
      'none yet',
      waiting('ContainerCreating'),
      false,
      { problem: 'container "main" in pod "web" is waiting to start: ContainerCreating' },
    ],
    [
      'an image that cannot be had',
      waiting('ErrImagePull'),
      false,
      { problem: 'container "main" in pod "web" is waiting to start: image can\'t be pulled' },
    ],
    [
      'an image that is tried for',
      waiting('ImagePullBackOff'),
      false,
      { problem: 'container "main" in pod "web" is waiting to start: trying and failing to pull image' },
    ],
  ])('%s', (_name, seen, previous, expected) => {
    expect(chooseInstance(pod, 'main', { containerStatuses: [seen] }, previous)).toEqual(expected);
  });

  test.each(['initContainerStatuses', 'ephemeralContainerStatuses'] as const)('%s count too', (list) => {
    expect(chooseInstance(pod, 'main', { [list]: [running] }, false)).toEqual({ id: 'now' });
  });

  test.each([undefined, {}])('a status that does not have it: %j', (seen) => {
    expect(chooseInstance(pod, 'main', seen, false)).toEqual({
      problem: 'container "main" in pod "web" is not available',
    });
  });
});
