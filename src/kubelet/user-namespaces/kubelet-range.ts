import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { codeOf, messageOf } from '../../base/errors.ts';
import { type IdRange, parseSubordinateIds } from './id-range.ts';

const run = promisify(execFile);
const user = 'kubelet';

async function ask(what: string, options: readonly string[]) {
  try {
    return await run('getsubids', [...options, user]);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw error;
    const status = error instanceof Error && 'code' in error ? `exit status ${error.code}` : messageOf(error);
    throw new Error(`error retrieving additional ${what} for user "${user}": ${status}`, { cause: error });
  }
}

/**
 * The IDs that this node gives to its user `kubelet`; undefined when there is no such user, or no getsubids to ask.
 * Rejects when there is a user without usable IDs: where they are kept may just be out of reach.
 */
export async function readKubeletRange(): Promise<IdRange | undefined> {
  const users = await readFile('/etc/passwd', 'utf8').catch(() => '');
  if (!users.split('\n').some((line) => line.startsWith(`${user}:`))) return undefined;
  try {
    const [users, groups] = await Promise.all([ask('uids', []), ask('gids', ['-g'])]);
    if (users.stdout !== groups.stdout)
      throw new Error(`mismatched subuids and subgids for user ${JSON.stringify(user)}`);
    return parseSubordinateIds(users.stdout);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
