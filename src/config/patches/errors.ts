import { KlabError } from '../../base/errors.ts';

/** A JSON6902 patch that is not a list of operations, or one of its operations is not well formed. */
export const patchMalformed = (what: string) =>
  new KlabError('PATCH_MALFORMED', what, {
    hint: 'a JSON6902 patch is a list like [{"op": "add", "path": "/a/b", "value": 1}]',
  });

/** A well-formed operation that does not fit the document. */
export const patchDoesNotApply = (what: string) =>
  new KlabError('PATCH_DOES_NOT_APPLY', what, {
    hint: 'compare the path with the document that is patched; on a node it is /kind/kubeadm.conf or /etc/containerd/config.toml',
  });

/** A containerd patch, or the configuration it is for, that is not TOML. */
export const tomlMalformed = (what: string, cause: unknown) => new KlabError('TOML_MALFORMED', what, { cause });
