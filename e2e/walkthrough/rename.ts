/** The text's cluster. */
export const shownCluster = 'kubelet';

/** A node's name, alone or at the end of another one: `kubelet-worker`, `etcd-kubelet-control-plane`. */
const nodes = new RegExp(`(?<!\\w)${shownCluster}-(?=control-plane\\b|worker\\d*\\b)`, 'g');

/** A command of the text, for a cluster of another name: a test must not touch the reader's. */
export function commandFor(cluster: string, command: string): string {
  if (cluster === shownCluster) return command;
  return command
    .replace(nodes, `${cluster}-`)
    .replace(new RegExp(`(--name[= ])${shownCluster}\\b`, 'g'), `$1${cluster}`)
    .replace(new RegExp(`\\bklab-${shownCluster}\\b`, 'g'), `klab-${cluster}`);
}

/** Output of a cluster of another name, as the text would show it. */
export const outputFrom = (cluster: string, output: string): string =>
  cluster === shownCluster ? output : output.replaceAll(cluster, shownCluster);
