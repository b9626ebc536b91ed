import { type DecodedObject, type Decoder, listOf, mapOf, memory, number, object, oneOf, string } from '../decode.ts';
import { clusterFields, networkingFields, nodeFields } from './kind-v1alpha4.ts';

const nodeFieldsOfKlab = {
  ...nodeFields,
  resources: object({ cpus: number, memory }),
  kubelet: oneOf('klab', 'upstream'),
  sysctls: mapOf(string),
  host: string,
};

const fields = {
  ...clusterFields,
  sysctls: mapOf(string),
  nodes: listOf(object(nodeFieldsOfKlab)),
  networking: object({ ...networkingFields, cni: string }),
};

/** A file as it was written, of this version or of kind's, which has a part of these fields. */
export type KlabV1Alpha1 = DecodedObject<typeof fields>;

export type NodeV1Alpha1 = DecodedObject<typeof nodeFieldsOfKlab>;

/** `klab.dev/v1alpha1`: kind's fields and klab's own. */
export const klabV1Alpha1: Decoder<KlabV1Alpha1> = object(fields);
