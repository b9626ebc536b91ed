import type { ContainerInputs } from '../parts.ts';
import { type EnvironmentOptions, environmentReader } from './env.ts';
import { type ContainerMountsOptions, containerMounts } from './mounts.ts';

/** Environment and mounts of containers about to be created. */
export function containerInputs(options: EnvironmentOptions & ContainerMountsOptions): ContainerInputs {
  return { environment: environmentReader(options), mounts: containerMounts(options) };
}
