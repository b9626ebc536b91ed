import { describe, expect, it } from 'vitest';
import type { KubeApi } from '../../api/port.ts';
import type { PersistentVolumeClaim } from '../../api/types.ts';
import { GrpcError } from '../../cri/grpc-status.ts';
import { decideExpansion, expandForClaim, renderFinished } from './expansion.ts';

const claim = (shown: string | undefined, state?: string): PersistentVolumeClaim => ({
  metadata: { namespace: 'default', name: 'data', uid: 'u' },
  status: {
    ...(shown === undefined ? {} : { capacity: { storage: shown } }),
    ...(state === undefined ? {} : { allocatedResourceStatuses: { storage: state } }),
  },
});
const pv = (size: string) => ({ spec: { capacity: { storage: size } } });

describe('decideExpansion', () => {
  const grows = { action: 'expand', size: '2Gi', bytes: 2n ** 31n };
  it.each([
    ['the volume has grown', claim('1Gi'), false, grows],
    ['the same size, written differently', claim('2048Mi'), false, { because: 'it has its size' }],
    ['the same size, but a try was cut off', claim('2Gi', 'NodeResizeInProgress'), false, grows],
    ['the controller left it to the node', claim('1Gi', 'NodeResizePending'), false, grows],
    ['the controller is at it', claim('1Gi', 'ControllerResizeInProgress'), false, { action: 'none' }],
    ['the driver refused for good', claim('1Gi', 'NodeResizeInfeasible'), false, { action: 'none' }],
    ['the pod only reads', claim('1Gi'), true, { because: 'the pod only reads it' }],
    ['no size is known', claim(undefined), false, { action: 'none' }],
  ])('%s', (_, given, readOnly, expected) => {
    expect(decideExpansion(given, pv('2Gi'), readOnly)).toMatchObject(expected);
  });
});

describe('expandForClaim', () => {
  const wanted = decideExpansion(claim('1Gi'), pv('2Gi'), false);
  const unused = () => Promise.reject(new Error('not used'));
  function recording() {
    const told: object[] = [];
    const api: KubeApi = {
      get: unused,
      create: unused,
      replace: unused,
      list: unused,
      delete: unused,
      raw: unused,
      async *watch() {},
      closeConnections: () => undefined,
      patch: <T>(_path: string, _type: string, body: unknown) => {
        told.push(body as object);
        return Promise.resolve(body as T);
      },
    };
    return { api, told };
  }
  const states = (told: readonly object[]) => told.map((body) => Reflect.get(body, 'status'));

  it('shows the new size once the driver has grown the volume', async () => {
    const { api, told } = recording();
    const asked: bigint[] = [];
    const grown = await expandForClaim(api, claim('1Gi'), wanted, async (bytes) => void asked.push(bytes));
    expect([grown, asked]).toEqual([true, [2n ** 31n]]);
    expect(states(told)).toEqual([
      { allocatedResourceStatuses: { storage: 'NodeResizeInProgress' } },
      { capacity: { storage: '2Gi' }, conditions: [], allocatedResourceStatuses: { storage: null } },
    ]);
  });

  it.each([
    ['OutOfRange', 'NodeResizeInfeasible'],
    ['Unavailable', 'NodeResizePending'],
  ] as const)('shows %s as %s', async (code, state) => {
    const { api, told } = recording();
    const refuse = () => Promise.reject(new GrpcError(code, 'no'));
    await expect(expandForClaim(api, claim('1Gi'), wanted, refuse)).rejects.toThrow('no');
    expect(states(told).at(-1)).toEqual({ allocatedResourceStatuses: { storage: state } });
  });
});

it('a finished expansion removes the conditions of resizing, and no others', () => {
  const condition = (type: string) => ({ type, status: 'True' });
  const { status, metadata } = claim('1Gi');
  const conditions = ['FileSystemResizePending', 'Resizing', 'Other'].map(condition);
  expect(renderFinished({ ...(metadata && { metadata }), status: { ...status, conditions } }, '2Gi')).toEqual({
    metadata: { uid: 'u' },
    status: { capacity: { storage: '2Gi' }, conditions: [condition('Other')] },
  });
});
