export { iptablesKeeper } from './iptables.ts';
export { applyKernelSettings } from './kernel-settings.ts';
