import { PassThrough, type Readable } from 'node:stream';
import { pack } from 'tar-stream';
import type { FileTree } from '../base/file-tree.ts';

/** A file tree as a tar, to be unpacked at `/`. Folders that the archive names are made with mode 0755. */
export function packFiles(tree: FileTree): Readable {
  const archive = pack();
  const folders = new Set<string>();
  for (const [path, file] of [...tree].sort(([a], [b]) => a.localeCompare(b))) {
    const name = path.replace(/^\//, '');
    const parts = name.split('/').slice(0, -1);
    parts.forEach((_part, i) => {
      const folder = parts.slice(0, i + 1).join('/');
      if (folders.has(folder) || isSystemFolder(folder)) return;
      folders.add(folder);
      archive.entry({ name: folder, type: 'directory', mode: 0o755 });
    });
    if ('linkTo' in file) archive.entry({ name, type: 'symlink', linkname: file.linkTo });
    else archive.entry({ name, mode: file.mode }, file.text);
  }
  archive.finalize();
  return archive.pipe(new PassThrough());
}

/** These exist with modes of their own, which the archive must not change. */
const isSystemFolder = (folder: string): boolean => ['etc', 'var', 'var/lib', 'usr', 'kind'].includes(folder);
