import { renderClusterObjects } from '../../../bootstrap/index.ts';
import { applyObjects } from '../../apply.ts';
import { need, type Step } from '../plan-types.ts';

/** What lets workers in: the token, who may ask for certificates, and where the cluster is. */
export const applyJoinObjects: Step = {
  title: 'Allowing nodes to join',
  async run(context) {
    const [join] = renderClusterObjects(need(context, 'bootstrap'), need(context, 'pki'));
    await applyObjects(need(context, 'api'), join?.objects ?? [], context.clock, context.signal);
  },
};
