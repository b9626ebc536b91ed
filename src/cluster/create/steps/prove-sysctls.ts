import { allSettled } from '../../all-settled.ts';
import { proveSysctls } from '../../sysctl/index.ts';
import type { CreateContext, Step } from '../plan-types.ts';

/** The configuration's kernel settings, which each node sets when it boots: a kernel may not have one, or not take it. */
export const proveNodeSysctls: Step = {
  title: 'Checking kernel settings',
  isNeeded: (context) => wanted(context).length > 0,
  run: (context) =>
    allSettled(wanted(context), ({ name, sysctls }) => proveSysctls(context.engine, name, sysctls, context.signal)),
};

const wanted = ({ config }: CreateContext) =>
  config.nodes
    .map(({ name, sysctls }) => ({ name, sysctls: { ...config.sysctls, ...sysctls } }))
    .filter(({ sysctls }) => Object.keys(sysctls).length > 0);
