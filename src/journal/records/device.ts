import { failure, info, type Projections } from '../projection.ts';

/** What device plugins and the kubelet have to do with each other. */
export type DeviceRecord =
  | { readonly kind: 'device.registered'; readonly resource: string; readonly socket: string }
  | { readonly kind: 'device.refused'; readonly resource: string; readonly error: string }
  | {
      readonly kind: 'device.listed';
      readonly resource: string;
      readonly healthy: number;
      readonly unhealthy: number;
    }
  | { readonly kind: 'device.disconnected'; readonly resource: string; readonly error: string }
  | {
      readonly kind: 'device.allocated';
      readonly pod: string;
      readonly container: string;
      readonly resource: string;
      readonly devices: readonly string[];
      readonly ms: number;
    }
  | {
      /** Of the pod resources API. */
      readonly kind: 'device.asked';
      readonly version: 'v1' | 'v1alpha1';
      readonly method: 'list' | 'get' | 'getAllocatable';
      readonly failed: boolean;
    }
  | { readonly kind: 'device.problem'; readonly what: string; readonly error: string };

export const deviceProjections: Projections<DeviceRecord> = {
  'device.registered': {
    log: ({ resource, socket }) =>
      info(0, 'Got registration request from device plugin with resource', { resourceName: resource, socket }),
    measure: ({ resource }, meters) =>
      meters.count('kubelet_device_plugin_registration_total', { resource_name: resource }),
  },
  'device.refused': {
    log: ({ resource, error }) =>
      failure('Bad registration request from device plugin', { err: error, resourceName: resource }),
  },
  'device.listed': {
    log: ({ resource, healthy, unhealthy }) =>
      info(2, 'State pushed for device plugin', { resource, resourceCapacity: healthy + unhealthy, healthy }),
  },
  'device.disconnected': {
    log: ({ resource, error }) =>
      failure('ListAndWatch ended unexpectedly for device plugin', { err: error, resource }),
  },
  'device.allocated': {
    log: ({ pod, container, resource, devices }) =>
      info(4, 'Making allocation request for device plugin', {
        devices,
        resourceName: resource,
        pod,
        containerName: container,
      }),
    measure: ({ resource, ms }, meters) =>
      meters.observe('kubelet_device_plugin_alloc_duration_seconds', ms / 1000, { resource_name: resource }),
  },
  'device.asked': {
    log: ({ version, method }) => info(5, 'Answering for the pod resources API', { version, method }),
    measure: ({ version, method, failed }, meters) => {
      const labels = { server_api_version: version };
      meters.count('kubelet_pod_resources_endpoint_requests_total', labels);
      if (version !== 'v1') return;
      const name = method === 'getAllocatable' ? 'get_allocatable' : method;
      meters.count(`kubelet_pod_resources_endpoint_requests_${name}`, labels);
      if (failed) meters.count(`kubelet_pod_resources_endpoint_errors_${name}`, labels);
    },
  },
  'device.problem': { log: ({ what, error }) => failure(what, { err: error }) },
};
