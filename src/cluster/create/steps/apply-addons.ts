import { renderClusterObjects } from '../../../bootstrap/index.ts';
import { applyObjects } from '../../apply.ts';
import { need, type Step } from '../plan-types.ts';

/** Everything else a cluster holds from the start, group after group. */
export const applyAddons: Step = {
  title: 'Installing add-ons',
  async run(context) {
    const { clock, signal } = context;
    const [, ...addons] = renderClusterObjects(need(context, 'bootstrap'), need(context, 'pki'));
    for (const { objects } of addons) await applyObjects(need(context, 'api'), objects, clock, signal);
  },
};
