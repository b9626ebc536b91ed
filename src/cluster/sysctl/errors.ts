import { KlabError } from '../../base/errors.ts';

export const sysctlRefused = (name: string, why: string) =>
  new KlabError('SYSCTL_REFUSED', `${name} ${why}`, {
    hint: 'nothing was changed; a node has its own net.*, kernel.shm*, kernel.msg*, kernel.sem and fs.mqueue.*',
  });

export const sysctlUnknown = (name: string, node: string, nearest: string | undefined) =>
  new KlabError('SYSCTL_UNKNOWN', `node ${node} has no kernel setting ${name}`, {
    hint: `nothing was changed; ${nearest === undefined ? 'the kernel lacks it, or has it for the whole machine only' : `did you mean ${nearest}?`}`,
  });

export const sysctlNotTaken = (name: string, value: string, node: string, output: string) =>
  new KlabError('SYSCTL_NOT_TAKEN', `node ${node} does not take ${name}=${value}`, {
    hint: 'every node has the value that it had before',
    output,
  });

export const nodeNotRunning = (node: string, state: string) =>
  new KlabError('NODE_NOT_RUNNING', `node ${node} does not run: its container is ${state}`, {
    hint: `nothing was changed; start it with \`docker start ${node}\`, or choose others with --node`,
  });
