import { renderDefaultNetwork } from '../../bootstrap/index.ts';
import type { Sysctls } from '../sysctl/index.ts';
import { calicoSysctls } from './apply/sysctls.ts';
import { describeEdit } from './calico/decide-edits.ts';
import { chooseEncapsulation, type Encapsulation, isIpv6 } from './calico/facts.ts';
import { fitCalico } from './calico/fit.ts';
import { writtenEncapsulation } from './calico/recognise.ts';
import type { ClusterSettings } from './cluster-facts.ts';
import { idOf, renderRecord } from './installed.ts';
import { imagesOf, type ManifestObject, type NeededImage, readObject } from './manifest.ts';
import type { NodeFacts } from './node-facts.ts';
import { networkName, type WantedNetwork } from './wanted.ts';

/** Everything that installing a network will do to one cluster. */
export interface NetworkPlan {
  readonly network: string;
  readonly source: string;
  /** What is applied, without klab's own record of it. */
  readonly objects: readonly ManifestObject[];
  readonly record: ManifestObject;
  readonly images: readonly NeededImage[];
  readonly sysctls: Sysctls;
  /** What was changed in the manifest for this cluster, each with its reason. */
  readonly changes: readonly string[];
  readonly diff: string;
}

/** Fits a network to a cluster. Throws NO_ENCAPSULATION when what is asked for is impossible. */
export function planNetwork(
  wanted: WantedNetwork,
  settings: ClusterSettings,
  nodes: NodeFacts,
  encapsulation: Encapsulation | 'auto',
): NetworkPlan {
  switch (wanted.kind) {
    case 'default': {
      const cluster = {
        networking: { podSubnet: settings.podSubnets.join(',') },
        controlPlaneEndpoint: settings.controlPlaneEndpoint,
      };
      const objects = renderDefaultNetwork({ cluster }).map((object) => readObject(object, "klab's default network"));
      return plan(wanted, 'klab', objects);
    }
    case 'calico': {
      const { calico } = wanted;
      const { podSubnets } = settings;
      const chosen = chooseEncapsulation(
        encapsulation,
        writtenEncapsulation(calico),
        nodes.tunnels,
        podSubnets.some(isIpv6),
      );
      const fitted = fitCalico(calico, { podSubnets, nodeMtu: nodes.mtu, encapsulation: chosen.encapsulation });
      return {
        ...plan(wanted, calico.manifest.source, fitted.objects),
        sysctls: calicoSysctls(podSubnets),
        changes: [`${chosen.encapsulation} between nodes: ${chosen.because}`, ...fitted.edits.map(describeEdit)],
        diff: fitted.diff,
      };
    }
    case 'other':
      return plan(
        wanted,
        wanted.manifest.source,
        wanted.manifest.parts.map(({ object }) => object),
      );
  }
}

function plan(wanted: WantedNetwork, source: string, objects: readonly ManifestObject[]): NetworkPlan {
  const network = networkName(wanted);
  return {
    network,
    source,
    objects,
    record: renderRecord({ network, source, objects: objects.map(idOf) }),
    images: imagesOf(objects),
    sysctls: {},
    changes: [],
    diff: '',
  };
}
