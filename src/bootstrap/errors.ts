import { KlabError, messageOf } from '../base/errors.ts';

/** A kubeadmConfigPatches entry that cannot be read. */
export const kubeadmPatchMalformed = (where: string, what: string, cause?: unknown) =>
  new KlabError('KUBEADM_PATCH_MALFORMED', `${where}: ${what}`, {
    hint: 'a patch is a piece of YAML with the kind it is for, like "kind: InitConfiguration", and what to change in it',
    ...(cause === undefined ? {} : { cause }),
  });

/** A kubeadmConfigPatches entry for a kind that no document has. */
export const kubeadmPatchMatchesNothing = (where: string, kind: string, kinds: readonly string[]) =>
  new KlabError('KUBEADM_PATCH_MATCHES_NOTHING', `${where}: there is no ${kind} to patch`, {
    hint: `use one of ${kinds.join(', ')}`,
  });

/** A JSON6902 patch that does not fit the document it is for. */
export const kubeadmPatchFails = (where: string, cause: unknown) =>
  new KlabError('KUBEADM_PATCH_FAILS', `${where}: ${messageOf(cause)}`, { cause });

/** The patched documents are not a kubeadm configuration any more. */
export const kubeadmConfigInvalid = (node: string, kind: string, problems: readonly string[]) =>
  new KlabError(
    'KUBEADM_CONFIG_INVALID',
    `after its patches, ${node}'s ${kind} is not valid:\n${problems.join('\n')}`,
    {
      hint: 'look at kubeadmConfigPatches and kubeadmConfigPatchesJSON6902, of the cluster and of the node',
    },
  );

/** A setting of kubeadm's that klab does not carry out; refused rather than ignored. */
export const kubeadmSettingUnsupported = (node: string, setting: string, remedy: string) =>
  new KlabError(
    'KUBEADM_SETTING_UNSUPPORTED',
    `${setting}, patched into ${node}'s kubeadm configuration, is not supported`,
    {
      hint: remedy,
    },
  );

/** The caller asked for a node that the cluster does not have. */
export const nodeUnknown = (node: string) => new KlabError('NODE_UNKNOWN', `the cluster has no node "${node}"`);
