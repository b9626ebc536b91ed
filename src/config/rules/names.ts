import type { ClusterConfig } from '../model.ts';
import type { Problem } from '../problem.ts';

/** A node's name is its Linux host name and the value of a label, neither of which may be longer. */
const MAX_NODE_NAME = 63;

export function validateName(config: ClusterConfig): readonly Problem[] {
  const { name } = config;
  if (!/^[a-z0-9.-]+$/.test(name)) {
    const message = `${JSON.stringify(name)} is not a cluster name: use lower-case letters, digits, "." and "-"`;
    return [{ path: 'name', message }];
  }
  // Nodes' names begin with it and are DNS names, whose every label begins and ends with a letter or a digit.
  if (!name.split('.').every((label) => /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(label))) {
    const message = `${JSON.stringify(name)} is not a DNS name: let each part between dots begin and end with a letter or digit`;
    return [{ path: 'name', message }];
  }
  const longest = config.nodes.map((node) => node.name).sort((a, b) => b.length - a.length)[0] ?? '';
  if (longest.length <= MAX_NODE_NAME) return [];
  const message = `node ${longest} would have ${longest.length} characters, at most ${MAX_NODE_NAME} are possible: shorten the name by ${longest.length - MAX_NODE_NAME}`;
  return [{ path: 'name', message }];
}
