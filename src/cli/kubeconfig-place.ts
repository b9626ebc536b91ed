import type { KubeconfigPlace } from '../cluster/kubeconfig/paths.ts';
import type { CommandContext } from './command.ts';

/** Where the user's kubeconfig is, by the flag, the environment and the home folder. */
export const kubeconfigPlace = (
  { env, home, cwd }: Pick<CommandContext, 'env' | 'home' | 'cwd'>,
  { kubeconfig }: { readonly kubeconfig: string | undefined },
): KubeconfigPlace => ({ flag: kubeconfig, env: env.KUBECONFIG, home, cwd });
