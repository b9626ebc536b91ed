import { GrpcError } from './grpc-status.ts';

const prefixBytes = 5;

/** A message as it goes over the wire: a byte that says that it is not compressed, its length, itself. */
export function frameMessage(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(prefixBytes + message.length);
  framed[0] = 0;
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, prefixBytes);
  return framed;
}

/** Takes a stream's bytes in whatever pieces they come, and gives out whole messages. */
export class MessageReader {
  private readonly maxBytes: number;
  private chunks: Buffer[] = [];
  private held = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** The messages that this piece completes. Throws a GrpcError for what cannot be read. */
  add(chunk: Buffer): readonly Buffer[] {
    this.chunks.push(chunk);
    this.held += chunk.length;
    const messages: Buffer[] = [];
    for (let length = this.nextLength(); length !== undefined; length = this.nextLength()) {
      const [bytes = Buffer.alloc(0)] = this.chunks;
      messages.push(bytes.subarray(prefixBytes, prefixBytes + length));
      this.chunks = [bytes.subarray(prefixBytes + length)];
      this.held -= prefixBytes + length;
    }
    return messages;
  }

  /** The length of the next message when all of it is there, and then in one piece. */
  private nextLength(): number | undefined {
    if (this.held < prefixBytes) return undefined;
    if ((this.chunks[0]?.length ?? 0) < prefixBytes) this.join();
    const [first] = this.chunks;
    if (first === undefined) return undefined;
    if (first[0] !== 0) throw new GrpcError('Internal', 'the answer is compressed, though nothing was said of it');
    const length = first.readUInt32BE(1);
    if (length > this.maxBytes) {
      const text = `grpc: received message larger than max (${length} vs. ${this.maxBytes})`;
      throw new GrpcError('ResourceExhausted', text);
    }
    if (this.held < prefixBytes + length) return undefined;
    if (first.length < prefixBytes + length) this.join();
    return length;
  }

  private join(): void {
    this.chunks = [Buffer.concat(this.chunks, this.held)];
  }
}
