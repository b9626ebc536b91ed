import { describe, expect, test } from 'vitest';
import type { Pod, ResourceClaim } from '../../api/types.ts';
import { claimsOf, devicesWantedBy, findClaimProblem } from './claims.ts';

const aPod = (spec: object, status: object = {}): Pod => ({
  metadata: { name: 'web', namespace: 'shop', uid: 'u1' },
  spec: { containers: [], ...spec },
  status: { ...status },
});
const direct = { name: 'gpu', resourceClaimName: 'shared-gpu' };
const templated = { name: 'nic', resourceClaimTemplateName: 'nics' };

describe('the claims of a pod', () => {
  test.each<[string, Pod, unknown]>([
    ['none', aPod({}), []],
    ['by name', aPod({ resourceClaims: [direct] }), [{ name: 'shared-gpu', owned: false }]],
    [
      'made from a template',
      aPod(
        { resourceClaims: [templated] },
        { resourceClaimStatuses: [{ name: 'nic', resourceClaimName: 'web-nic-x' }] },
      ),
      [{ name: 'web-nic-x', owned: true }],
    ],
    ['none was needed', aPod({ resourceClaims: [templated] }, { resourceClaimStatuses: [{ name: 'nic' }] }), []],
    [
      'made by the scheduler for extended resources',
      aPod({}, { extendedResourceClaimStatus: { resourceClaimName: 'web-extended', requestMappings: [] } }),
      [{ name: 'web-extended', owned: false }],
    ],
  ])('%s', (_name, pod, expected) => expect(claimsOf(pod)).toEqual(expected));

  test('not made yet', () =>
    expect(() => claimsOf(aPod({ resourceClaims: [templated] }))).toThrow(
      'pod "shop/web": ResourceClaim not created yet',
    ));
  test('of a kind that is not known', () =>
    expect(() => claimsOf(aPod({ resourceClaims: [{ name: 'odd' }] }))).toThrow(
      'pod "shop/web", spec.resourceClaim "odd": none of the supported fields are set',
    ));
});

const good: ResourceClaim = {
  metadata: {
    name: 'web-nic-x',
    namespace: 'shop',
    uid: 'c1',
    ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'web', uid: 'u1', controller: true }],
  },
  spec: {},
  status: {
    reservedFor: [{ resource: 'pods', name: 'web', uid: 'u1' }],
    allocation: { devices: { results: [{ driver: 'd', pool: 'p', device: 'x', request: 'r' }] } },
  },
};

describe('whether a pod may use a claim', () => {
  const problem = (change: (claim: ResourceClaim) => void, owned = true) => {
    const claim = structuredClone(good);
    change(claim);
    return findClaimProblem(aPod({}), claim, { name: 'web-nic-x', owned });
  };
  test('it may', () => expect(problem(() => {})).toBeUndefined());
  test.each<[string, (claim: ResourceClaim) => void, string]>([
    [
      'another pod is its owner',
      ({ metadata }) => Object.assign(metadata?.ownerReferences?.[0] ?? {}, { uid: 'u2' }),
      'ResourceClaim shop/web-nic-x was not created for Pod shop/web (Pod is not owner)',
    ],
    [
      'reserved for another',
      ({ status }) => Object.assign(status?.reservedFor?.[0] ?? {}, { uid: 'u2' }),
      'pod web (u1) is not allowed to use ResourceClaim web-nic-x (c1)',
    ],
    ['not allocated', ({ status }) => delete status?.allocation, 'ResourceClaim web-nic-x: not allocated'],
    [
      'the driver is not to be asked, which the kubelet does not know yet',
      ({ status }) => Object.assign(status?.allocation?.devices?.results?.[0] ?? {}, { skipNodeOperations: ['*'] }),
      'ResourceClaim web-nic-x: DRAOptionalNodeOperations feature gate is disabled on kubelet',
    ],
  ])('%s', (_name, change, expected) => expect(problem(change)).toBe(expected));
  test('nobody has to own what is referred to by name', () =>
    expect(problem((claim) => delete claim.metadata?.ownerReferences, false)).toBeUndefined());
});

describe('what a container is given', () => {
  const extended = {
    extendedResourceClaimStatus: {
      resourceClaimName: 'web-extended',
      requestMappings: [
        { containerName: 'main', resourceName: 'x.io/gpu', requestName: 'container-0-request-0' },
        { containerName: 'side', resourceName: 'x.io/gpu', requestName: 'container-1-request-0' },
      ],
    },
  };
  test.each<[string, object, object, unknown]>([
    ['nothing', {}, {}, []],
    ['a whole claim', { claims: [{ name: 'gpu' }] }, {}, [{ claim: 'shared-gpu', request: undefined }]],
    [
      'two requests of it',
      {
        claims: [
          { name: 'gpu', request: 'a' },
          { name: 'gpu', request: 'b' },
        ],
      },
      {},
      [
        { claim: 'shared-gpu', request: 'a' },
        { claim: 'shared-gpu', request: 'b' },
      ],
    ],
    ['a claim that the pod does not have', { claims: [{ name: 'other' }] }, {}, []],
    [
      'its part of extended resources',
      { requests: { 'x.io/gpu': '1' } },
      extended,
      [{ claim: 'web-extended', request: 'container-0-request-0' }],
    ],
    ['none of these when it asks for none', { requests: { 'x.io/gpu': '0' } }, extended, []],
  ])('%s', (_name, resources, status, expected) =>
    expect(devicesWantedBy(aPod({ resourceClaims: [direct] }, status), { name: 'main', resources })).toEqual(expected),
  );
});
