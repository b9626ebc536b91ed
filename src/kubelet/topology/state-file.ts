import { readFileSync } from 'node:fs';
import { codeOf, messageOf } from '../../base/errors.ts';
import { writeFileAtOnce } from '../checkpoint.ts';
import { KubeletConfigError } from '../config/index.ts';

export interface StateFile<T> {
  /** What an earlier run left; undefined: there is no file. Throws when it cannot be gone on with. */
  read(): T | undefined;
  /** Writes after what was asked for earlier. Rejects with what the disk says. */
  write(value: T): Promise<void>;
}

/** A file in the form of either kubelet. `policy`: the configured one; a file of another one is refused. */
export function stateFile<T extends { readonly policy: string }>(
  path: string,
  policy: string,
  format: {
    readonly what: string;
    readonly parse: (text: string) => T;
    readonly render: (value: T) => string;
    /** Why the state does not fit this machine. */
    readonly findProblem: (value: T) => string | undefined;
  },
): StateFile<T> {
  let last: Promise<unknown> = Promise.resolve();
  const refuse = (because: string) =>
    new KubeletConfigError(
      `could not restore state from checkpoint: ${because}, please drain this node and delete the ${format.what} checkpoint file ${JSON.stringify(path)} before restarting Kubelet`,
    );
  return {
    read() {
      let text: string;
      try {
        text = readFileSync(path, 'utf8');
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return undefined;
        throw error;
      }
      let value: T;
      try {
        value = format.parse(text);
      } catch (error) {
        throw refuse(messageOf(error));
      }
      if (value.policy !== policy)
        throw refuse(
          `configured policy ${JSON.stringify(policy)} differs from state checkpoint policy ${JSON.stringify(value.policy)}`,
        );
      const problem = format.findProblem(value);
      if (problem !== undefined) throw refuse(problem);
      return value;
    },
    write(value) {
      const done = last.then(() => writeFileAtOnce(path, format.render(value)));
      last = done.catch(() => undefined);
      return done;
    },
  };
}
