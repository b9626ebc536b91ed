import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { partFailed } from '../errors.ts';
import { unpackInto } from '../oci/unpack.ts';
import { type PartExecutor, withContainer } from './executor.ts';

export const makeTools: PartExecutor<'tools'> = async (part, context, folder) => {
  const script = await readFile(join(context.source, 'images/node/extract-tools.sh'), 'utf8');
  await withContainer(context, { image: context.imageOf('packages'), kind: 'plain' }, async (container) => {
    const result = await context.engine.exec(container, ['bash', '-c', script, 'extract-tools.sh', '/tools']);
    if (result.exitCode !== 0) throw partFailed(part.name, 'extract-tools.sh failed', result.stderr);
    await unpackInto(await context.engine.getArchive(container, '/tools/.'), folder);
  });
};
