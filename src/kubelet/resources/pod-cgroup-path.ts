import type { Pod } from '../../api/types.ts';
import { uidOf } from '../pod-facts.ts';
import { type CgroupDriver, cgroupPath, parseCgroupRoot, podName } from './cgroup-names.ts';
import { computeQosClass } from './qos.ts';

/** The path of a pod's cgroup below a controller's mount. */
export const podCgroupPath = (pod: Pod, cgroupRoot: string, driver: CgroupDriver): string =>
  cgroupPath(podName(parseCgroupRoot(cgroupRoot), computeQosClass(pod), uidOf(pod)), driver);
