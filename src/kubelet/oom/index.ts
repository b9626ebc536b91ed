export { kernelLog } from './kernel-log.ts';
export { type OomWatcher, oomWatcher } from './watcher.ts';
