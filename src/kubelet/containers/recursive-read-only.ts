import type { VolumeMount } from '../../api/types.ts';

const failed = 'failed to resolve recursive read-only mode: ';

/** Whether everything below the mount is to be read-only too. Throws with upstream's words. */
export function decideRecursiveReadOnly(mount: VolumeMount, isSupported: boolean): boolean {
  const { name, readOnly, recursiveReadOnly: mode = 'Disabled', mountPropagation = 'None' } = mount;
  if (mode === 'Disabled') return false;
  const asked = `${failed}volume ${JSON.stringify(name)} requested recursive read-only mode`;
  if (readOnly !== true) throw new Error(`${asked}, but it is not read-only`);
  if (mountPropagation !== 'None')
    throw new Error(`${asked}, but it is not compatible with propagation ${JSON.stringify(mountPropagation)}`);
  if (mode === 'IfPossible') return isSupported;
  if (mode !== 'Enabled') throw new Error(`${failed}unknown recursive read-only mode ${JSON.stringify(mode)}`);
  if (!isSupported) throw new Error(`${asked}, but it is not supported by the runtime`);
  return true;
}
