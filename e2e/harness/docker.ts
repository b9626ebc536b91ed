import { must } from './run.ts';

/** The names of the containers that are a cluster's nodes, running or not. */
export async function nodesOf(cluster: string): Promise<string[]> {
  const names = await must('docker', ['ps', '-a', '--format', '{{.Names}}']);
  return names.split('\n').filter((name) => name.startsWith(`${cluster}-`));
}
