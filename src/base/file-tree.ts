/** One file on a node. */
export interface NodeFile {
  readonly text: string;
  /** Permission bits, like 0o600. */
  readonly mode: number;
}

/** Absolute path → file: what rendering answers and placing writes. */
export type FileTree = ReadonlyMap<string, NodeFile>;
