import type { ApiObject } from '../../../api/port.ts';

type Resource = readonly [name: string, kind: string, namespaced: boolean];

const groups: Readonly<Record<string, readonly Resource[]>> = {
  '/api/v1': [
    ['configmaps', 'ConfigMap', true],
    ['serviceaccounts', 'ServiceAccount', true],
    ['namespaces', 'Namespace', false],
    ['pods/status', 'Pod', true],
    ['pods', 'Pod', true],
  ],
  '/apis/apps/v1': [
    ['daemonsets', 'DaemonSet', true],
    ['deployments', 'Deployment', true],
  ],
  '/apis/policy/v1': [['poddisruptionbudgets', 'PodDisruptionBudget', true]],
  '/apis/rbac.authorization.k8s.io/v1': [
    ['clusterroles', 'ClusterRole', false],
    ['clusterrolebindings', 'ClusterRoleBinding', false],
  ],
  '/apis/apiextensions.k8s.io/v1': [['customresourcedefinitions', 'CustomResourceDefinition', false]],
};

/** What a fake API server answers when it is asked for its resources. */
export const apiResources = (): Readonly<Record<string, ApiObject>> =>
  Object.fromEntries(
    Object.entries(groups).map(([path, resources]) => [
      path,
      {
        kind: 'APIResourceList',
        resources: resources.map(([name, kind, namespaced]) => ({ name, kind, namespaced })),
      } satisfies ApiObject & { resources: unknown },
    ]),
  );
