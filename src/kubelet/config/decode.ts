import { parseGoDuration } from './duration.ts';
import { configurationFields, type FieldType, type FieldTypes } from './field-types.ts';

export type Decoded =
  | {
      readonly kind: 'decoded';
      /** The fields that are known; null is kept, since it takes a field away where it is merged. */
      readonly fields: Readonly<Record<string, unknown>>;
      /** Paths of the fields that are not. */
      readonly unknown: readonly string[];
    }
  | { readonly kind: 'broken'; readonly problem: string };

/** A value that is not what its field holds. */
class WrongType extends Error {}

const jsonKind = (value: unknown): string => {
  if (Array.isArray(value)) return 'array';
  if (value === null) return 'null';
  return typeof value === 'boolean' ? 'bool' : typeof value;
};

const goName = (type: FieldType): string => {
  if (typeof type === 'string')
    return { int: 'int32', uint: 'uint32', float: 'float64', duration: 'string' }[type as string] ?? type;
  if ('list' in type) return `[]${goName(type.list)}`;
  return 'map' in type ? `map[string]${goName(type.map)}` : 'object';
};

/** What Go's decoder says of a value that a field cannot hold. */
function wrong(value: unknown, type: FieldType, path: string): WrongType {
  const given = typeof value === 'number' && (type === 'int' || type === 'uint') ? `number ${value}` : jsonKind(value);
  const field = path === '' ? 'KubeletConfiguration' : `KubeletConfiguration.${path}`;
  return new WrongType(`json: cannot unmarshal ${given} into Go struct field ${field} of type ${goName(type)}`);
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const fits: Readonly<Record<Extract<FieldType, string>, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  bool: (value) => typeof value === 'boolean',
  int: Number.isInteger,
  uint: (value) => Number.isInteger(value) && Number(value) >= 0,
  float: (value) => typeof value === 'number',
  duration: (value) => typeof value === 'string',
  time: (value) => typeof value === 'string' || Number.isInteger(value),
  any: () => true,
};

function decodeDuration(text: string): string {
  try {
    parseGoDuration(text);
    return text;
  } catch (error) {
    throw new WrongType(error instanceof Error ? error.message : String(error));
  }
}

function decodeFields(value: object, types: FieldTypes, path: string, unknown: string[]): Record<string, unknown> {
  const prefix = path === '' ? '' : `${path}.`;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, one]) => {
      const type = types[name];
      if (type === undefined) {
        unknown.push(`${prefix}${name}`);
        return [];
      }
      return [[name, one === null ? null : decodeValue(one, type, `${prefix}${name}`, unknown)]];
    }),
  );
}

function decodeValue(value: unknown, type: FieldType, path: string, unknown: string[]): unknown {
  if (typeof type === 'string') {
    if (!fits[type](value)) throw wrong(value, type, path);
    return type === 'duration' ? decodeDuration(String(value)) : value;
  }
  if ('list' in type) {
    if (!Array.isArray(value)) throw wrong(value, type, path);
    return value.map((one, i) =>
      // Unknown fields are told with the place in the list, wrong types without it, as Go does both.
      isObject(one) && typeof type.list === 'object' && 'fields' in type.list
        ? decodeFields(one, type.list.fields, `${path}[${i}]`, unknown)
        : decodeValue(one, type.list, path, unknown),
    );
  }
  if (!isObject(value)) throw wrong(value, type, path);
  if ('map' in type)
    return Object.fromEntries(
      Object.entries(value).map(([key, one]) => [key, decodeValue(one, type.map, path, unknown)]),
    );
  return decodeFields(value, type.fields, path, unknown);
}

/** A configuration file's fields, held against their types. What is not known is left out, and told. */
export function decodeConfiguration(tree: Readonly<Record<string, unknown>>): Decoded {
  const unknown: string[] = [];
  try {
    const fields = decodeFields(tree, configurationFields, '', unknown);
    return { kind: 'decoded', fields, unknown };
  } catch (error) {
    if (!(error instanceof WrongType)) throw error;
    return { kind: 'broken', problem: error.message };
  }
}
