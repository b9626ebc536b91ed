import { copyFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { PartExecutor } from './executor.ts';

/** The Node that runs klab is the one that runs the node's programs: same version, no second download. */
export const makeNodejs: PartExecutor<'nodejs'> = async (_part, _context, folder) => {
  await copyFile(await realpath(process.execPath), join(folder, 'node'));
};
