export { type ChangedSysctls, changeSysctls, proveSysctls } from './change.ts';
export type { SysctlChange, Sysctls } from './decide.ts';
export { readKept } from './node.ts';
export { getSysctls, type SysctlTarget, type SysctlValue, setSysctls } from './sysctl.ts';
