import type { FileTree } from '../base/file-tree.ts';
import type { BootstrapInput, ClusterPki, NodeMarks, ObjectGroup } from './types.ts';

export type * from './types.ts';

export interface Bootstrap {
  makePki(input: BootstrapInput): Promise<ClusterPki>;
  renderNode(input: BootstrapInput, pki: ClusterPki, nodeName: string): FileTree;
  renderClusterObjects(input: BootstrapInput, pki: ClusterPki): readonly ObjectGroup[];
  renderNodeMarks(input: BootstrapInput, nodeName: string): NodeMarks;
  /** `server` like `https://127.0.0.1:41234`; cluster, user and context are called klab-NAME. */
  renderAdminKubeconfig(input: BootstrapInput, pki: ClusterPki, server: string): string;
  newBootstrapToken(): string;
}
