/** Messages as systemd sends them, for tests. */

const pad = (bytes: Buffer, to: number): Buffer =>
  Buffer.concat([bytes, Buffer.alloc((to - (bytes.length % to)) % to)]);

export const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
/** With what aligns a number or a string after it. */
export const string = (value: string): Buffer => pad(Buffer.concat([u32(value.length), Buffer.from(`${value}\0`)]), 4);

const field = (code: number, type: string, value: Buffer): Buffer =>
  Buffer.concat([Buffer.from([code, 1]), Buffer.from(`${type}\0`), value]);
const text = (code: number) => (value: string) =>
  field(code, 's', Buffer.concat([u32(value.length), Buffer.from(`${value}\0`)]));
export const memberField = text(3);
export const errorField = text(4);
export const replyToField = (serial: number): Buffer => field(5, 'u', u32(serial));
export const signatureField = (types: string): Buffer =>
  field(8, 'g', Buffer.concat([Buffer.from([types.length]), Buffer.from(`${types}\0`)]));

/** @param type 1: call, 2: reply, 3: error, 4: signal */
export function message(type: number, fields: readonly Buffer[], body: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.concat(fields.map((bytes, i) => (i === fields.length - 1 ? bytes : pad(bytes, 8))));
  const fixed = Buffer.concat([Buffer.from([0x6c, type, 0, 1]), u32(body.length), u32(1), u32(head.length)]);
  return Buffer.concat([pad(Buffer.concat([fixed, head]), 8), body]);
}
