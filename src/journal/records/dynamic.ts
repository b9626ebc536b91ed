import type { ObjectReference } from '../../api/types.ts';
import { failure, info, type Projections, warningEvent } from '../projection.ts';

/** What becomes of the devices that pods claim from drivers. */
export type DynamicRecord =
  | {
      readonly kind: 'dynamic.called';
      readonly driver: string;
      readonly method: string;
      readonly ms: number;
      readonly code: string;
    }
  | {
      readonly kind: 'dynamic.connection';
      readonly driver: string;
      readonly socket: string;
      readonly connected: boolean;
    }
  | {
      readonly kind: 'dynamic.done';
      readonly operation: 'PrepareResources' | 'UnprepareResources';
      readonly failed: boolean;
      readonly ms: number;
    }
  | { readonly kind: 'dynamic.prepareFailed'; readonly object: ObjectReference; readonly error: string }
  | {
      readonly kind: 'dynamic.claimsInUse';
      readonly all: number;
      readonly byDriver: Readonly<Record<string, number>>;
    }
  | { readonly kind: 'dynamic.slicesKept'; readonly driver: string; readonly error: string }
  | { readonly kind: 'dynamic.problem'; readonly what: string; readonly error: string };

export const dynamicProjections: Projections<DynamicRecord> = {
  'dynamic.called': {
    log: ({ driver, method, code }) => info(4, 'Called a DRA driver', { driverName: driver, method, code }),
    measure: ({ driver, method, ms, code }, meters) =>
      meters.observe('dra_grpc_operations_duration_seconds', ms / 1000, {
        driver_name: driver,
        method_name: method,
        grpc_status_code: code,
      }),
  },
  'dynamic.connection': {
    log: ({ driver, socket, connected }) =>
      info(2, 'Connection changed', { driverName: driver, endpoint: socket, connected }),
  },
  'dynamic.done': {
    measure: ({ operation, failed, ms }, meters) =>
      meters.observe('dra_operations_duration_seconds', ms / 1000, {
        operation_name: operation,
        is_error: String(failed),
      }),
  },
  'dynamic.prepareFailed': {
    log: ({ object, error }) =>
      failure('Failed to prepare dynamic resources', { pod: `${object.namespace}/${object.name}`, err: error }),
    event: ({ object, error }) =>
      warningEvent(object, 'FailedPrepareDynamicResources', `Failed to prepare dynamic resources: ${error}`),
  },
  'dynamic.claimsInUse': {
    log: ({ all, byDriver }) => info(5, 'ResourceClaim usage changed', { claimsInUse: all, byDriver }),
    measure: ({ all, byDriver }, meters) => {
      meters.gauge('dra_resource_claims_in_use', all, { driver_name: '<any>' });
      for (const [driver, count] of Object.entries(byDriver))
        meters.gauge('dra_resource_claims_in_use', count, { driver_name: driver });
    },
  },
  'dynamic.slicesKept': {
    log: ({ driver, error }) => info(3, 'Deleting ResourceSlice failed, retrying', { driver, err: error }),
  },
  'dynamic.problem': { log: ({ what, error }) => failure(what, { err: error }) },
};
