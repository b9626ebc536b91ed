import { featureEnabled } from '../config/index.ts';

/**
 * What this kubelet can do that older ones cannot, in the names of the feature gates: the scheduler and the API server
 * send such work only to nodes that declare it. WebSockets to the kubelet are left out: the API server translates
 * them, and the streams it opens here are SPDY.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/node-declared-features/
 */
const declarable = [
  'InPlacePodLevelResourcesVerticalScaling',
  'InPlacePodVerticalScalingInitContainers',
  'RestartAllContainersOnContainerExits',
] as const;

/** The features to declare, sorted; none while the gate for declaring them is off. */
export const declaredFeatures = (gates: Readonly<Record<string, boolean>>): readonly string[] =>
  featureEnabled(gates, 'NodeDeclaredFeatures') ? declarable.filter((name) => featureEnabled(gates, name)) : [];
