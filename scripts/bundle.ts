// Bundles the programs that run on nodes into dist/bundles, as `klab build node-image` does.
import { bundlePrograms } from '../src/image/bundle.ts';

const source = new URL('..', import.meta.url).pathname.replace(/\/$/, '');

for (const { program, file, bytes } of await bundlePrograms(source, 'dist/bundles')) {
  console.log(`${program}\t${file}\t${Math.round(bytes / 1024)} KiB`);
}
