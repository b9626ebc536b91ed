import type { KubeApi } from '../../src/api/port.ts';
import { runCommand } from '../../src/base/exec.ts';
import { parseUsage, type Usage } from './process-usage.ts';

/** A shell command on a node; answers its stdout. Rejects when it fails. */
export async function runOnNode(node: string, script: string): Promise<string> {
  return (await runCommand('docker', ['exec', node, 'sh', '-c', script])).stdout.trim();
}

/** What the node's kubelet has used, and holds now. */
export async function readUsage(node: string): Promise<Usage> {
  return parseUsage(await runOnNode(node, 'p=$(pgrep -xo kubelet); cat /proc/$p/stat /proc/$p/status'));
}

/** From now on the kubelet's peak is measured anew. */
export async function resetPeak(node: string): Promise<void> {
  await runOnNode(node, 'echo 5 > /proc/$(pgrep -xo kubelet)/clear_refs');
}

/** The kubelet's own metrics, as text. */
export const readMetrics = (api: KubeApi, node: string): Promise<string> =>
  api.raw(`/api/v1/nodes/${node}/proxy/metrics`);
