import { calicoShape } from '../../../src/cluster/cni/testing/calico-shape.ts';
import { standInVersion } from './images.ts';

/** What the stand-in has to know of a node. */
export interface StandInNode {
  readonly name: string;
  readonly podRange: string;
  readonly address: string;
}

/** A manifest as Calico's, for the stand-in's images and these nodes. */
export function standInManifest(nodes: readonly StandInNode[]): string {
  const lines = nodes.map(({ name, podRange, address }) => `    ${name} ${podRange} ${address}\n`).join('');
  const variable = `            - name: STAND_IN_NODES
              valueFrom:
                configMapKeyRef:
                  name: calico-config
                  key: stand_in_nodes
`;
  return calicoShape({ version: standInVersion })
    .replace('  calico_backend:', `  stand_in_nodes: |\n${lines}  calico_backend:`)
    .replaceAll(/^ {10}env:\n(?= {12}- name: (CNI_CONF_NAME|DATASTORE_TYPE))/gm, `          env:\n${variable}`)
    .replace(
      `          image: quay.io/calico/kube-controllers:${standInVersion}\n`,
      (line) => `${line.trimEnd()}\n          command: [sh, -c, "trap 'exit 0' TERM; while :; do sleep 1; done"]\n`,
    );
}
