import { fieldsOf, listOf, numberOf, textOf } from '../record.ts';
import { renderMs } from './durations.ts';
import type { Draft } from './step.ts';
import { type Describers, did, failed, span } from './words.ts';

const operations: Readonly<Record<string, string>> = {
  ADD: 'it is to run here',
  UPDATE: 'it is to be as its new version says',
  DELETE: 'it is to stop: somebody deleted it',
  REMOVE: 'it is gone from its source',
  RECONCILE: 'only its status changed',
};

/** What the kubelet is told about pods, decides about them and does to them. */
export const podWords: Describers = {
  'pod.changed': ({ fields }) => {
    const operation = textOf(fields, 'operation');
    const meaning = operations[operation];
    return {
      stage: 'desired',
      text: `${operation} from ${textOf(fields, 'source')}${meaning === undefined ? '' : `: ${meaning}`}`,
      ...(operation === 'REMOVE' ? { phase: 'gone' } : {}),
    };
  },
  'pod.terminating': ({ fields }) => ({
    stage: 'desired',
    text: `to be stopped within ${numberOf(fields, 'graceSeconds')} s`,
    because: textOf(fields, 'because'),
  }),
  'pod.rejected': ({ fields }) =>
    failed(`not admitted: ${textOf(fields, 'reason')}: ${textOf(fields, 'message')}`, { phase: 'Failed' }),
  'pod.decided': ({ fields }) =>
    listOf(fields, 'actions').map((action): Draft => {
      const container = textOf(action, 'container');
      return {
        stage: 'decided',
        text: [textOf(action, 'kind'), container].filter((word) => word !== '').join(' '),
        because: textOf(action, 'because'),
        ...(container === '' ? {} : { container }),
      };
    }),
  'pod.synced': ({ fields }) => ({
    ...did(`synced in ${renderMs(numberOf(fields, 'ms'))}, phase ${textOf(fields, 'phase')}`),
    phase: textOf(fields, 'phase'),
  }),
  'pod.syncFailed': ({ fields }) => failed(`sync failed: ${textOf(fields, 'error')}`),
  'pod.firstSynced': ({ fields }) =>
    did(`first looked at, ${renderMs(numberOf(fields, 'sinceSeenMs'))} after it was seen`),
  'pod.running': ({ fields }) => ({
    stage: 'observed',
    text: `Running, ${renderMs(numberOf(fields, 'sinceSeenMs'))} after it was seen`,
    phase: 'Running',
  }),
  'pod.stopped': ({ fields }) => did(`all containers have ended, after ${renderMs(numberOf(fields, 'ms'))}`),
  'pod.finished': () => did('nothing is left to do for it'),
  'pod.orphanKilled': () => ({
    stage: 'decided',
    text: 'kill what is left of it',
    because: 'no source knows this pod any more',
  }),
  'pod.networkNotReady': ({ fields }) => ({
    stage: 'waits',
    text: `the network is not ready: ${textOf(fields, 'error')}`,
  }),
  'pod.cgroupMissing': () => ({
    stage: 'decided',
    text: 'stop it and start it anew',
    because: 'its containers run outside of its cgroup',
  }),
  'pod.deadlineExceeded': () => ({
    stage: 'decided',
    text: 'stop it',
    because: 'it was active for longer than its activeDeadlineSeconds',
    phase: 'Failed',
  }),
  'pod.graceExceeded': () => failed('the runtime did not stop it within its grace period'),
  'pod.sandboxChanged': () => ({
    stage: 'decided',
    text: 'stop the sandbox and make another',
    because: 'the sandbox is not as the pod needs it',
  }),
  'pod.sandboxCreated': ({ fields }) => did('sandbox created, network attached', span('sandbox', fields)),
  'pod.sandboxFailed': ({ fields }) =>
    failed(`no sandbox: ${textOf(fields, 'error')}`, { span: { phase: 'sandbox', ms: 0, ok: false } }),
  'pod.actionFailed': ({ fields }) => failed(`${textOf(fields, 'action')} failed: ${textOf(fields, 'error')}`),
  'pod.containerCreated': ({ fields }) =>
    did(`container ${textOf(fields, 'container')} created`, span('create', fields)),
  'pod.containerStartFailed': ({ fields }) =>
    failed(
      `container ${textOf(fields, 'container')} not started: ${textOf(fields, 'reason')}: ${textOf(fields, 'message')}`,
    ),
  'pod.backOff': ({ fields }) => ({
    stage: 'waits',
    text: `container ${textOf(fields, 'container')} is started again later`,
    because: 'it ended too often: back-off',
  }),
  'pod.containerKilling': ({ fields }) => {
    const message = textOf(fields, 'message');
    return {
      ...did(`stopping container ${textOf(fields, 'container')}, grace ${numberOf(fields, 'graceSeconds')} s`),
      // The usual message only says the same once more.
      ...(message.startsWith('Stopping container') ? {} : { because: message }),
    };
  },
  'pod.containerKilled': ({ fields }) => did(`container ${textOf(fields, 'container')} stopped`, span('stop', fields)),
  'pod.hookFailed': ({ fields }) =>
    failed(`${textOf(fields, 'hook')} hook of ${textOf(fields, 'container')} failed: ${textOf(fields, 'error')}`),
  'pod.statusPatched': ({ fields }) => {
    const phase = patchedPhase(textOf(fields, 'patch'));
    return {
      ...did(`status written to the API server${phase === '' ? '' : `, phase ${phase}`}`),
      ...(phase === '' ? {} : { phase }),
    };
  },
  'pod.statusFailed': ({ fields }) => failed(`status not written: ${textOf(fields, 'error')}`),
  'pod.deleted': () => did('deleted from the API server'),
  'pod.deleteFailed': ({ fields }) => failed(`not deleted from the API server: ${textOf(fields, 'error')}`),
};

function patchedPhase(patch: string): string {
  try {
    const parsed: unknown = JSON.parse(patch);
    if (typeof parsed !== 'object' || parsed === null) return '';
    return textOf(fieldsOf({ ...parsed }, 'status'), 'phase');
  } catch {
    return '';
  }
}
