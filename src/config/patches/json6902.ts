import { patchDoesNotApply, patchMalformed } from './errors.ts';
import { isJsonObject, jsonEquals } from './json-value.ts';

export type Json6902Operation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'move' | 'copy'; readonly path: string; readonly from: string };

/** What an operation reads and writes: the document sits below a root, so that the path "" needs no special case. */
type Container = Record<string, unknown> | unknown[];

/**
 * Checks that `ops` (parsed YAML or JSON) is a list of RFC 6902 operations; throws PATCH_MALFORMED naming the first
 * that is not.
 */
export function parseJson6902(ops: unknown): readonly Json6902Operation[] {
  if (!Array.isArray(ops)) throw patchMalformed('the patch is not a list of operations');
  return ops.map((op, i) => parseOperation(op, `operation ${i + 1}`));
}

/**
 * RFC 6902: carries the operations out one after another on a copy of `target` and returns the copy. `ops` is the
 * parsed list. Throws PATCH_MALFORMED or PATCH_DOES_NOT_APPLY, naming the operation and the path.
 */
export function applyJson6902(target: unknown, ops: unknown): unknown {
  const root: Record<string, unknown> = { document: structuredClone(target) };
  for (const [i, operation] of parseJson6902(ops).entries()) {
    applyOperation(root, operation, `operation ${i + 1} (${operation.op} ${operation.path || '""'})`);
  }
  return root.document;
}

function parseOperation(op: unknown, where: string): Json6902Operation {
  if (!isJsonObject(op)) throw patchMalformed(`${where} is not an object with op and path`);
  const path = parsePointer(op.path, 'path', where);
  switch (op.op) {
    case 'add':
    case 'replace':
    case 'test':
      if (!Object.hasOwn(op, 'value')) throw patchMalformed(`${where} (${op.op} ${path}) has no value`);
      return { op: op.op, path, value: op.value };
    case 'remove':
      return { op: op.op, path };
    case 'move':
    case 'copy':
      return { op: op.op, path, from: parsePointer(op.from, 'from', where) };
    default:
      throw patchMalformed(
        `${where} has op ${JSON.stringify(op.op) ?? 'missing'}: use add, remove, replace, move, copy or test`,
      );
  }
}

function parsePointer(value: unknown, field: string, where: string): string {
  if (typeof value !== 'string') throw patchMalformed(`${where} has no ${field}`);
  if (value !== '' && !value.startsWith('/')) {
    throw patchMalformed(`${where} has ${field} ${JSON.stringify(value)}: it must start with a slash`);
  }
  if (/~(?![01])/.test(value)) {
    throw patchMalformed(`${where} has ${field} ${JSON.stringify(value)}: write ~0 for ~ and ~1 for /`);
  }
  return value;
}

function applyOperation(root: Record<string, unknown>, operation: Json6902Operation, where: string): void {
  switch (operation.op) {
    case 'add':
      add(root, operation.path, structuredClone(operation.value), where);
      return;
    case 'remove':
      remove(root, operation.path, where);
      return;
    case 'replace': {
      const { parent, key } = locate(root, operation.path, where);
      if (!has(parent, key)) throw missing(operation.path, where);
      write(parent, key, structuredClone(operation.value));
      return;
    }
    case 'move': {
      if (operation.path.startsWith(`${operation.from}/`)) {
        throw patchDoesNotApply(`${where}: ${operation.from || 'the document'} cannot be moved into itself`);
      }
      const value = read(root, operation.from, where);
      remove(root, operation.from, where);
      add(root, operation.path, value, where);
      return;
    }
    case 'copy':
      add(root, operation.path, structuredClone(read(root, operation.from, where)), where);
      return;
    case 'test': {
      const value = read(root, operation.path, where);
      if (!jsonEquals(value, operation.value)) {
        throw patchDoesNotApply(
          `${where}: expected ${JSON.stringify(operation.value)}, found ${JSON.stringify(value)}`,
        );
      }
    }
  }
}

function add(root: Record<string, unknown>, path: string, value: unknown, where: string): void {
  const { parent, key } = locate(root, path, where);
  if (!Array.isArray(parent)) {
    write(parent, key, value);
    return;
  }
  const index = key === '-' ? parent.length : Number(key);
  if (key !== '-' && (!isIndex(key) || index > parent.length)) throw missing(path, where);
  parent.splice(index, 0, value);
}

function remove(root: Record<string, unknown>, path: string, where: string): void {
  const { parent, key } = locate(root, path, where);
  if (!has(parent, key)) throw missing(path, where);
  if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else delete parent[key];
}

function read(root: Record<string, unknown>, path: string, where: string): unknown {
  const { parent, key } = locate(root, path, where);
  if (!has(parent, key)) throw missing(path, where);
  return Array.isArray(parent) ? parent[Number(key)] : parent[key];
}

/** The container that holds the last step of the path. */
function locate(root: Record<string, unknown>, path: string, where: string): { parent: Container; key: string } {
  const steps = ['document', ...path.split('/').slice(1).map(unescapeStep)];
  const key = steps.pop() ?? '';
  let parent: Container = root;
  for (const [i, step] of steps.entries()) {
    const next: unknown = has(parent, step) ? (Array.isArray(parent) ? parent[Number(step)] : parent[step]) : undefined;
    if (!isContainer(next)) {
      const reached =
        path
          .split('/')
          .slice(0, i + 1)
          .join('/') || 'the document';
      throw patchDoesNotApply(
        `${where}: ${reached} ${next === undefined ? 'does not exist' : 'is not an object or a list'}`,
      );
    }
    parent = next;
  }
  return { parent, key };
}

const unescapeStep = (step: string) => step.replaceAll('~1', '/').replaceAll('~0', '~');

const isIndex = (key: string) => /^(0|[1-9]\d*)$/.test(key);

const isContainer = (value: unknown): value is Container => typeof value === 'object' && value !== null;

const has = (parent: Container, key: string): boolean =>
  Array.isArray(parent) ? isIndex(key) && Number(key) < parent.length : Object.hasOwn(parent, key);

function write(parent: Container, key: string, value: unknown): void {
  // defineProperty, because assigning to `__proto__` would change the object's prototype instead.
  Object.defineProperty(parent, key, { value, writable: true, enumerable: true, configurable: true });
}

const missing = (path: string, where: string) => patchDoesNotApply(`${where}: ${path || '""'} does not exist`);
