/** One file on a node. */
export interface NodeFile {
  readonly text: string;
  /** Permission bits, like 0o600. */
  readonly mode: number;
}

/** A symbolic link on a node; the target is absolute or relative to the link's folder. */
export interface NodeLink {
  readonly linkTo: string;
}

/** Absolute path → file or link: what rendering answers and placing writes. */
export type FileTree = ReadonlyMap<string, NodeFile | NodeLink>;
