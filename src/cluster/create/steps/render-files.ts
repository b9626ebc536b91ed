import { makePki, renderNode } from '../../../bootstrap/index.ts';
import { need, type Step } from '../plan-types.ts';

/** All keys, certificates and files of all nodes. */
export const renderFiles: Step = {
  title: 'Writing configuration',
  async run(context) {
    const input = need(context, 'bootstrap');
    const pki = await makePki(input);
    context.made.pki = pki;
    context.made.files = new Map(input.cluster.nodes.map(({ name }) => [name, renderNode(input, pki, name)]));
  },
};
