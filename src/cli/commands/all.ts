import type { AnyCommand } from '../command.ts';
import type { ProgramSpec } from '../parse.ts';
import { version as klabVersion } from '../version.ts';
import { buildNodeImage } from './build-node-image.ts';
import { applyCni } from './cni-apply.ts';
import { removeCni } from './cni-remove.ts';
import { cniStatus } from './cni-status.ts';
import { complete } from './complete.ts';
import { completionBash, completionFish, completionZsh } from './completion.ts';
import { createCluster } from './create-cluster.ts';
import { createNode } from './create-node.ts';
import { deleteCluster } from './delete-cluster.ts';
import { deleteClusters } from './delete-clusters.ts';
import { deleteNode } from './delete-node.ts';
import { exec } from './exec.ts';
import { explainPod } from './explain-pod.ts';
import { exportKubeconfig } from './export-kubeconfig.ts';
import { exportLogs } from './export-logs.ts';
import { getClusters } from './get-clusters.ts';
import { getKubeconfig } from './get-kubeconfig.ts';
import { getNodes } from './get-nodes.ts';
import { loadArchive } from './load-archive.ts';
import { loadImage } from './load-image.ts';
import { sysctlGet } from './sysctl-get.ts';
import { sysctlSet } from './sysctl-set.ts';
import { version } from './version.ts';
import { watch } from './watch.ts';

const commands: readonly AnyCommand[] = [
  createCluster,
  createNode,
  deleteCluster,
  deleteClusters,
  deleteNode,
  getClusters,
  getNodes,
  getKubeconfig,
  exec,
  watch,
  explainPod,
  loadImage,
  loadArchive,
  applyCni,
  cniStatus,
  removeCni,
  sysctlSet,
  sysctlGet,
  exportLogs,
  exportKubeconfig,
  buildNodeImage,
  completionBash,
  completionZsh,
  completionFish,
  version,
  complete,
];

/** All that can be typed after `klab`, in the order of the help. */
export const program: ProgramSpec = {
  version: klabVersion,
  commands,
  groups: {
    create: 'Make a cluster, add nodes to it',
    delete: 'Delete clusters and nodes',
    get: 'List clusters and nodes, print a kubeconfig',
    explain: 'Tell why a pod is as it is',
    cni: 'Install another network, look at it, remove it',
    sysctl: 'Set kernel settings of nodes, look at them',
    load: 'Load images into the nodes',
    export: "Save the nodes' logs, add a cluster to your kubeconfig",
    build: 'Build the node image',
    completion: 'Print a completion script for your shell',
  },
};
