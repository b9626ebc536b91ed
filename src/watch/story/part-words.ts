import { fieldsOf, numberOf, textOf } from '../record.ts';
import { renderMs } from './durations.ts';
import type { Draft } from './step.ts';
import { type Describers, did, failed, span } from './words.ts';

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** What images, volumes, probes, evictions, resizes and the node itself tell. */
export const partWords: Describers = {
  'image.pulling': ({ fields }) => did(`pulling image ${textOf(fields, 'image')}`),
  'image.pulled': ({ fields }) =>
    did(`pulled image ${textOf(fields, 'image')}, ${mebibytes(numberOf(fields, 'sizeBytes'))}`, {
      span: { phase: 'pull', ms: numberOf(fields, 'withWaitingMs'), ok: true },
    }),
  'image.present': ({ fields }) => ({ stage: 'observed', text: `image ${textOf(fields, 'image')} is on the node` }),
  'image.access': ({ fields }) => ({
    stage: 'decided',
    text:
      textOf(fields, 'access') === 'pull'
        ? `pull image ${textOf(fields, 'image')} though it is here`
        : `use image ${textOf(fields, 'image')}`,
    because: textOf(fields, 'because'),
  }),
  'image.pullFailed': ({ fields }) =>
    failed(`image ${textOf(fields, 'image')} not pulled: ${textOf(fields, 'error')}`, {
      span: { phase: 'pull', ms: 0, ok: false },
    }),
  'image.backOff': ({ fields }) => ({
    stage: 'waits',
    text: `image ${textOf(fields, 'image')} is pulled again later`,
    because: 'pulling it failed: back-off',
  }),
  'image.neverPulled': ({ fields }) => failed(textOf(fields, 'message')),
  'image.inspectFailed': ({ fields }) => failed(textOf(fields, 'message')),
  'volume.mounted': ({ fields }) => did(`volume ${textOf(fields, 'volume')} mounted`, span('volumes', fields)),
  'volume.failed': ({ fields }) =>
    failed(`volume ${textOf(fields, 'volume')}: ${textOf(fields, 'operation')}: ${textOf(fields, 'reason')}`, {
      span: { phase: 'volumes', ms: 0, ok: false },
    }),
  'volume.notAttached': ({ fields }) => ({
    stage: 'waits',
    text: `volume ${textOf(fields, 'volume')} is mounted later`,
    because: textOf(fields, 'reason'),
  }),
  'volume.unprocessed': ({ fields }) => failed(`volumes: ${textOf(fields, 'reason')}`),
  'volume.unmounted': ({ fields }) => did(`volumes unmounted (${numberOf(fields, 'mounts')})`),
  'csi.called': ({ fields }) => {
    const ok = textOf(fields, 'code') === 'OK';
    const call = `${textOf(fields, 'driver')} ${textOf(fields, 'method')}`;
    const work = span('volumes', fields, ok);
    return ok ? did(call, work) : failed(`${call}: ${textOf(fields, 'code')}`, work);
  },
  'probe.attempted': ({ fields }) => {
    const outcome = fieldsOf(fields, 'outcome');
    const result = textOf(outcome, 'kind');
    const output = textOf(outcome, 'output') || textOf(outcome, 'message');
    const container = textOf(fields, 'container');
    return {
      stage: 'probed',
      text: `${textOf(fields, 'probe')} probe of ${container}: ${result}${output === '' ? '' : `: ${output.trim()}`}`,
      container,
      ...span('probe', fields, result === 'success' || result === 'warning'),
    };
  },
  'probe.settled': ({ fields }) => ({
    stage: 'observed',
    text: `${textOf(fields, 'probe')} is now ${textOf(fields, 'result')}`,
  }),
  'eviction.evicting': ({ fields }): Draft => ({
    stage: 'decided',
    text: 'evict it',
    because: textOf(fields, 'message'),
    phase: 'Failed',
  }),
  'eviction.preempting': ({ fields }) => ({
    stage: 'decided',
    text: `evict it to make room for ${textOf(fields, 'by')}`,
    because: textOf(fields, 'because'),
  }),
  'eviction.thresholdMet': ({ fields }) => ({
    stage: 'observed',
    text: `${textOf(fields, 'resource')} is below its eviction threshold`,
  }),
  'resize.granted': ({ fields }) => ({ stage: 'decided', text: 'resize', because: textOf(fields, 'message') }),
  'resize.pending': ({ fields }) => ({
    stage: 'waits',
    text: `resize is ${textOf(fields, 'reason')}`,
    because: textOf(fields, 'because'),
  }),
  'resize.completed': () => did('resized'),
  'resize.failed': ({ fields }) => failed(`not resized: ${textOf(fields, 'error')}`),
  'node.kubeletStarting': ({ fields }) => did(`kubelet ${textOf(fields, 'version')} starts`),
  'node.kubeletStarted': () => did('kubelet started'),
  'node.registered': () => did('registered with the API server'),
  'node.condition': ({ fields }) => ({ stage: 'observed', text: `condition: ${textOf(fields, 'reason')}` }),
  'node.networkNotReady': ({ fields }) => ({
    stage: 'waits',
    text: `the network is not ready: ${textOf(fields, 'problem')}`,
  }),
  'runtime.relisted': ({ fields }) => ({
    stage: 'observed',
    text: `relisted in ${renderMs(numberOf(fields, 'ms'))}, ${numberOf(fields, 'changed')} pods changed`,
  }),
};
