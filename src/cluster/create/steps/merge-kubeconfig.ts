import { renderAdminKubeconfig } from '../../../bootstrap/index.ts';
import { entryFromAdminConf } from '../../kubeconfig/entry.ts';
import { addToKubeconfig } from '../../kubeconfig/files.ts';
import { need, type Step } from '../plan-types.ts';

/** The user's kubeconfig gets the cluster's context and makes it the current one. */
export const mergeKubeconfigStep: Step = {
  title: 'Writing kubeconfig',
  async run(context) {
    const server = need(context, 'apiServer');
    const text = renderAdminKubeconfig(need(context, 'bootstrap'), need(context, 'pki'), server);
    context.made.kubeconfigPath = await addToKubeconfig(
      entryFromAdminConf(text, context.config.name, server),
      context.kubeconfig,
    );
  },
};
