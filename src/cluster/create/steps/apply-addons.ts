import { renderClusterObjects } from '../../../bootstrap/index.ts';
import { applyObjects } from '../../apply.ts';
import { need, type Step } from '../plan-types.ts';

/** Everything a cluster holds from the start, group after group: first of all what lets workers join. */
export const applyAddons: Step = {
  title: 'Installing add-ons',
  async run(context) {
    const { clock, signal } = context;
    const groups = renderClusterObjects(need(context, 'bootstrap'), need(context, 'pki'));
    for (const { objects } of groups) await applyObjects(need(context, 'api'), objects, clock, signal);
  },
};
