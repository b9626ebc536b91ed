import { type KlabError, messageOf } from '../../base/errors.ts';
import { addressInUse, engineFailed, mountMissing, nameInUse, portBusy } from '../errors.ts';
import type { ContainerSpec } from '../port.ts';
import { isStatus } from './status.ts';

/** `Bind for 127.0.0.1:80 failed: port is already allocated`, `listen tcp4 127.0.0.1:80: bind: address already in use`. */
const busyPort = /(?:Bind for|listen \w+) (\S+?):? (?:failed: port is already allocated|bind: address already in use)/;

/** Why the engine refused to start a container, in words that say what to do. */
export function explainStart(spec: ContainerSpec, error: unknown): KlabError {
  const text = messageOf(error);
  const busy = busyPort.exec(text)?.[1];
  if (busy !== undefined) return portBusy(spec.name, busy, error);
  if (isStatus(error, 409) && text.includes('name')) return nameInUse(spec.name, error);
  if (/address already in use|already allocated/i.test(text) && spec.ipv4Address !== undefined) {
    return addressInUse(spec.name, spec.ipv4Address, error);
  }
  const missing = /bind source path does not exist: (\S+)/.exec(text)?.[1];
  if (missing !== undefined) return mountMissing(spec.name, `${missing} does not exist`, error);
  return engineFailed(`cannot start ${spec.name}`, error);
}
