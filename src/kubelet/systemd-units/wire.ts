/**
 * What systemd's bus says and hears, as bytes: the part of D-Bus that starting, setting and stopping units needs.
 * https://dbus.freedesktop.org/doc/dbus-specification.html#message-protocol-messages
 */

/** A unit's property: a yes or no, a number of 64 bits, or names of units. */
export type UnitProperty =
  | { readonly name: string; readonly type: 'b'; readonly value: boolean }
  | { readonly name: string; readonly type: 't'; readonly value: bigint }
  | { readonly name: string; readonly type: 'as'; readonly value: readonly string[] };

/** An argument of a call. */
export type Argument =
  | { readonly type: 's'; readonly value: string }
  | { readonly type: 'b'; readonly value: boolean }
  | { readonly type: 'a(sv)'; readonly value: readonly UnitProperty[] }
  /** Other units to make on the way; none. */
  | { readonly type: 'a(sa(sv))' };

export type Message =
  | { readonly kind: 'reply'; readonly to: number; readonly body: readonly Value[] }
  | { readonly kind: 'error'; readonly to: number; readonly name: string; readonly body: readonly Value[] }
  | { readonly kind: 'signal'; readonly member: string; readonly body: readonly Value[] }
  | { readonly kind: 'other' };
type Value = string | number;

const destination = 'org.freedesktop.systemd1';
const manager = { path: '/org/freedesktop/systemd1', interface: 'org.freedesktop.systemd1.Manager' };
const protocolVersion = 1;
const types = { call: 1, reply: 2, error: 3, signal: 4 } as const;
const fields = {
  path: 1,
  interface: 2,
  member: 3,
  errorName: 4,
  replySerial: 5,
  destination: 6,
  signature: 8,
} as const;
const littleEndian = 0x6c;
const fixedHeaderBytes = 16;

/** Grows as it is written; every value stands at a multiple of its own size. */
class Writer {
  #parts: Buffer[] = [];
  length = 0;

  #push(bytes: Buffer): void {
    this.#parts.push(bytes);
    this.length += bytes.length;
  }
  align(to: number): void {
    const missing = (to - (this.length % to)) % to;
    if (missing > 0) this.#push(Buffer.alloc(missing));
  }
  byte(value: number): void {
    this.#push(Buffer.from([value]));
  }
  u32(value: number): void {
    this.align(4);
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    this.#push(bytes);
  }
  u64(value: bigint): void {
    this.align(8);
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(value);
    this.#push(bytes);
  }
  string(value: string): void {
    const bytes = Buffer.from(value);
    this.u32(bytes.length);
    this.#push(Buffer.concat([bytes, Buffer.alloc(1)]));
  }
  signature(value: string): void {
    const bytes = Buffer.from(value);
    this.#push(Buffer.concat([Buffer.from([bytes.length]), bytes, Buffer.alloc(1)]));
  }
  /** Its length in bytes goes before an array, not counting what aligns its first element. */
  array(alignment: number, write: () => void): void {
    this.u32(0);
    const at = this.#parts.length - 1;
    this.align(alignment);
    const start = this.length;
    write();
    this.#parts[at]?.writeUInt32LE(this.length - start);
  }
  bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

function writeProperty(writer: Writer, property: UnitProperty): void {
  writer.align(8);
  writer.string(property.name);
  writer.signature(property.type);
  if (property.type === 'b') writer.u32(property.value ? 1 : 0);
  else if (property.type === 't') writer.u64(property.value);
  else
    writer.array(4, () => {
      for (const name of property.value) writer.string(name);
    });
}

function writeArgument(writer: Writer, argument: Argument): void {
  if (argument.type === 's') writer.string(argument.value);
  else if (argument.type === 'b') writer.u32(argument.value ? 1 : 0);
  else
    writer.array(8, () => {
      if (argument.type === 'a(sv)') for (const property of argument.value) writeProperty(writer, property);
    });
}

/** A call of systemd's manager, whose answer refers to `serial`. */
export function encodeCall(serial: number, member: string, args: readonly Argument[]): Buffer {
  const body = new Writer();
  for (const argument of args) writeArgument(body, argument);
  const message = new Writer();
  for (const value of [littleEndian, types.call, 0, protocolVersion]) message.byte(value);
  message.u32(body.length);
  message.u32(serial);
  message.array(8, () => {
    const field = (code: number, type: 'o' | 's' | 'g', value: string) => {
      message.align(8);
      message.byte(code);
      message.signature(type);
      if (type === 'g') message.signature(value);
      else message.string(value);
    };
    field(fields.path, 'o', manager.path);
    field(fields.interface, 's', manager.interface);
    field(fields.member, 's', member);
    field(fields.destination, 's', destination);
    if (args.length > 0) field(fields.signature, 'g', args.map(({ type }) => type).join(''));
  });
  message.align(8);
  return Buffer.concat([message.bytes(), body.bytes()]);
}

/** Reads on from an offset; throws RangeError at the end of the bytes. */
class Reader {
  readonly #bytes: Buffer;
  at: number;
  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }
  align(to: number): void {
    this.at = Math.ceil(this.at / to) * to;
  }
  byte(): number {
    this.at += 1;
    return this.#bytes.readUInt8(this.at - 1);
  }
  u32(): number {
    this.align(4);
    this.at += 4;
    return this.#bytes.readUInt32LE(this.at - 4);
  }
  #text(length: number): string {
    const text = this.#bytes.toString('utf8', this.at, this.at + length);
    this.at += length + 1;
    return text;
  }
  string(): string {
    return this.#text(this.u32());
  }
  signature(): string {
    return this.#text(this.byte());
  }
  /** A value of a basic type; undefined for a type that nothing here asks for. */
  value(type: string): Value | undefined {
    if (type === 'u' || type === 'b') return this.u32();
    if (type === 's' || type === 'o') return this.string();
    return type === 'g' ? this.signature() : undefined;
  }
}

/**
 * The first message in `bytes` and how many bytes it takes; undefined: it is not whole yet.
 * Throws on bytes that are no message. Of a body what follows the first value of a compound type is left out.
 */
export function decodeMessage(bytes: Buffer): { readonly message: Message; readonly length: number } | undefined {
  if (bytes.length < fixedHeaderBytes) return undefined;
  if (bytes[0] !== littleEndian || bytes[3] !== protocolVersion)
    throw new Error('systemd sent what is no D-Bus message');
  const headerEnd = fixedHeaderBytes + bytes.readUInt32LE(12);
  const bodyStart = Math.ceil(headerEnd / 8) * 8;
  const length = bodyStart + bytes.readUInt32LE(4);
  if (bytes.length < length) return undefined;

  const header = new Map<number, Value>();
  const reader = new Reader(bytes, fixedHeaderBytes);
  while (reader.at < headerEnd) {
    reader.align(8);
    const code = reader.byte();
    const value = reader.value(reader.signature());
    if (value === undefined) throw new Error(`systemd sent a D-Bus header field ${code} of an unknown type`);
    header.set(code, value);
  }
  const body: Value[] = [];
  reader.at = bodyStart;
  for (const type of String(header.get(fields.signature) ?? '')) {
    const value = reader.value(type);
    if (value === undefined) break;
    body.push(value);
  }
  return { message: messageOf(bytes[1], header, body), length };
}

function messageOf(type: number | undefined, header: ReadonlyMap<number, Value>, body: readonly Value[]): Message {
  const to = Number(header.get(fields.replySerial));
  if (type === types.reply) return { kind: 'reply', to, body };
  if (type === types.error) return { kind: 'error', to, name: String(header.get(fields.errorName)), body };
  if (type === types.signal) return { kind: 'signal', member: String(header.get(fields.member)), body };
  return { kind: 'other' };
}
