import { bundlePrograms } from '../bundle.ts';
import type { PartExecutor } from './executor.ts';

export const makeBundles: PartExecutor<'bundles'> = async (_part, { source, report }, folder) => {
  for (const { program, bytes } of await bundlePrograms(source, folder)) {
    report(`${program}: ${Math.round(bytes / 1024)} KiB`);
  }
};
