export { parseShutdownGroups, type ShutdownGroup } from './groups.ts';
export { type ShutdownManager, shutdownManager } from './manager.ts';
export { stateFile } from './state.ts';
export { systemdLogind } from './systemd.ts';
