import type { Cluster } from '../harness/cluster.ts';

/** A block device of 4 MiB on a node, and what takes it away again. */
export async function loopDevice(cluster: Cluster, node: string, name: string) {
  const file = `/var/lib/${name}.img`;
  const onNode = (script: string) => cluster.onNode(node, ['sh', '-ec', script]);
  // A node's /dev has no devices but those that were made in it: losetup calls others lost.
  const path = await onNode(
    `truncate -s 4M ${file}
    [ -e /dev/loop-control ] || mknod /dev/loop-control c 10 237
    device=$(losetup -f | cut -d" " -f1)
    [ -e $device ] || mknod $device b 7 \${device#/dev/loop}
    losetup $device ${file}
    echo $device`,
  );
  return { path: path.trim(), remove: () => onNode(`losetup -d ${path.trim()}; rm ${file}`) };
}
