import type { ApiObject } from '../../api/port.ts';

export interface Subject {
  readonly kind: 'User' | 'Group';
  readonly name: string;
}

/** An object with its head; `namespace` undefined for what belongs to the cluster. */
export const object = (
  apiVersion: string,
  kind: string,
  name: string,
  namespace: string | undefined,
  body: Readonly<Record<string, unknown>>,
): ApiObject => ({
  apiVersion,
  kind,
  metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
  ...body,
});

export const configMap = (name: string, namespace: string, data: Readonly<Record<string, string>>): ApiObject =>
  object('v1', 'ConfigMap', name, namespace, { data });

/** Lets the subjects read one ConfigMap; role and binding have the same name. */
export const readableBy = (
  role: string,
  namespace: string,
  configMapName: string,
  subjects: readonly Subject[],
): readonly ApiObject[] => [
  object(rbac, 'Role', role, namespace, {
    rules: [{ apiGroups: [''], resources: ['configmaps'], resourceNames: [configMapName], verbs: ['get'] }],
  }),
  object(rbac, 'RoleBinding', role, namespace, { roleRef: roleRef('Role', role), subjects: subjects.map(toSubject) }),
];

export const clusterRoleBinding = (name: string, role: string, subject: Subject): ApiObject =>
  object(rbac, 'ClusterRoleBinding', name, undefined, {
    roleRef: roleRef('ClusterRole', role),
    subjects: [toSubject(subject)],
  });

export const clusterRole = (name: string, rules: readonly unknown[]): ApiObject =>
  object(rbac, 'ClusterRole', name, undefined, { rules });

const rbac = 'rbac.authorization.k8s.io/v1';
const rbacGroup = 'rbac.authorization.k8s.io';
const roleRef = (kind: 'Role' | 'ClusterRole', name: string) => ({ apiGroup: rbacGroup, kind, name });
const toSubject = (subject: Subject) => ({ ...subject, apiGroup: rbacGroup });
