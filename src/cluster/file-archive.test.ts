import { buffer } from 'node:stream/consumers';
import { extract } from 'tar-stream';
import { expect, test } from 'vitest';
import type { FileTree } from '../base/file-tree.ts';
import { packFiles } from './file-archive.ts';

async function unpack(tree: FileTree): Promise<string[]> {
  const seen: string[] = [];
  for await (const entry of packFiles(tree).pipe(extract())) {
    const { name, type, mode, linkname } = entry.header;
    const text = (await buffer(entry)).toString();
    seen.push(`${type} ${name} ${type === 'symlink' ? `-> ${linkname}` : `${mode?.toString(8)} ${text}`}`.trim());
  }
  return seen;
}

test('files with their modes and links, after the folders they need', async () => {
  const tree: FileTree = new Map([
    ['/etc/kubernetes/pki/ca.key', { text: 'key', mode: 0o600 }],
    ['/etc/kubernetes/admin.conf', { text: 'conf', mode: 0o640 }],
    ['/etc/kubernetes/kubelet.pem', { linkTo: '/var/lib/kubelet/pki/current.pem' }],
  ]);
  expect(await unpack(tree)).toEqual([
    'directory etc/kubernetes 755',
    'file etc/kubernetes/admin.conf 640 conf',
    'symlink etc/kubernetes/kubelet.pem -> /var/lib/kubelet/pki/current.pem',
    'directory etc/kubernetes/pki 755',
    'file etc/kubernetes/pki/ca.key 600 key',
  ]);
});

test('the node’s own folders keep their modes', async () => {
  expect(await unpack(new Map([['/var/lib/kubelet/config.yaml', { text: '', mode: 0o600 }]]))).toEqual([
    'directory var/lib/kubelet 755',
    'file var/lib/kubelet/config.yaml 600',
  ]);
});
