import { createConnection, type Socket } from 'node:net';
import { type Argument, decodeMessage, encodeCall, type Message } from './wire.ts';

/** systemd answered with an error. `name` is D-Bus's, as `org.freedesktop.systemd1.NoSuchUnit`. */
export class SystemdError extends Error {
  readonly errorName: string;
  constructor(member: string, errorName: string, text: string) {
    super(`systemd refused ${member}: ${text}`);
    this.name = 'SystemdError';
    this.errorName = errorName;
  }
}

interface Waiting {
  readonly member: string;
  readonly resolve: (body: Extract<Message, { kind: 'reply' }>['body']) => void;
  readonly reject: (error: Error) => void;
}

export interface Connection {
  /** Rejects with a SystemdError, or when the connection ends before the answer. */
  call(member: string, args: readonly Argument[]): Promise<readonly (string | number)[]>;
  readonly closed: boolean;
}

/** What systemd tells unasked, and that it tells no more. */
export interface Listener {
  readonly signal: (member: string, body: readonly (string | number)[]) => void;
  readonly closed: (error: Error) => void;
}

/**
 * systemd's own socket, which is there without a bus daemon and is root's alone. Nothing waits for the connection:
 * calls are sent as soon as it stands, in their order.
 */
export function connectSystemd(path: string, listener: Listener): Connection {
  const waiting = new Map<number, Waiting>();
  let serial = 0;
  let closed = false;
  let greeted = false;
  let received = Buffer.alloc(0);
  const socket: Socket = createConnection(path);
  // An idle connection is no reason for the process to live on.
  socket.unref();
  // A null byte, then who we are by our user ID's digits in hexadecimal; the answer is one line.
  const user = Buffer.from(String(process.getuid?.() ?? 0)).toString('hex');
  socket.write(`\0AUTH EXTERNAL ${user}\r\nBEGIN\r\n`);

  function end(error: Error): void {
    if (closed) return;
    closed = true;
    socket.destroy();
    for (const { member, reject } of waiting.values())
      reject(new Error(`${member}: ${error.message}`, { cause: error }));
    waiting.clear();
    listener.closed(error);
  }
  function greet(): void {
    const at = received.indexOf('\r\n');
    if (at < 0) return;
    const line = received.toString('utf8', 0, at);
    if (!line.startsWith('OK')) throw new Error(`systemd does not let us in: ${line}`);
    greeted = true;
    received = received.subarray(at + 2);
  }
  function hear(message: Message): void {
    if (message.kind === 'signal') listener.signal(message.member, message.body);
    if (message.kind !== 'reply' && message.kind !== 'error') return;
    const call = waiting.get(message.to);
    waiting.delete(message.to);
    if (message.kind === 'reply') call?.resolve(message.body);
    else call?.reject(new SystemdError(call.member, message.name, String(message.body[0] ?? message.name)));
  }
  socket.on('data', (bytes: Buffer) => {
    received = Buffer.concat([received, bytes]);
    try {
      if (!greeted) greet();
      while (greeted) {
        const next = decodeMessage(received);
        if (next === undefined) return;
        received = received.subarray(next.length);
        hear(next.message);
      }
    } catch (error) {
      end(error instanceof Error ? error : new Error(String(error)));
    }
  });
  socket.on('error', (error) => end(error));
  socket.on('close', () => end(new Error('systemd closed the connection')));

  const connection: Connection = {
    get closed() {
      return closed;
    },
    call: (member, args) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(new Error(`${member}: no connection to systemd`));
        serial += 1;
        waiting.set(serial, { member, resolve, reject });
        socket.write(encodeCall(serial, member, args));
      }),
  };
  return connection;
}
