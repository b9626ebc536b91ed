// Runs in pods: what measures a network, and what answers it. `serve` never ends; the others print one line of JSON.
import { Agent, createServer as createHttpServer, get } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';

const sinkPort = 5001;
const echoPort = 5002;
const httpPort = 8080;

function serve(): void {
  // Tells how much it took, when the sender has ended.
  createServer({ allowHalfOpen: true }, (socket) => {
    let bytes = 0;
    socket.on('data', (chunk) => {
      bytes += chunk.length;
    });
    socket.once('end', () => socket.end(String(bytes)));
    socket.on('error', () => undefined);
  }).listen(sinkPort);
  createServer({ noDelay: true }, (socket) => {
    socket.pipe(socket);
    socket.on('error', () => undefined);
  }).listen(echoPort);
  createHttpServer((_request, response) => response.end('ok')).listen(httpPort);
}

const opened = (host: string, port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true, allowHalfOpen: true }, () => resolve(socket));
    socket.once('error', reject);
  });

/** Bytes a second that arrive over one connection, sent for so many milliseconds. */
async function throughput(host: string, ms: number): Promise<number> {
  const socket = await opened(host, sinkPort);
  const chunk = Buffer.alloc(256 * 1024);
  const started = performance.now();
  while (performance.now() - started < ms) {
    if (!socket.write(chunk)) await new Promise((resolve) => socket.once('drain', resolve));
  }
  socket.end();
  let answer = '';
  for await (const part of socket) answer += part;
  return Number(answer) / ((performance.now() - started) / 1000);
}

/** Milliseconds of each round trip of one byte. */
async function echo(host: string, times: number): Promise<number[]> {
  const socket = await opened(host, echoPort);
  const taken: number[] = [];
  for (let i = 0; i < times; i += 1) {
    const started = performance.now();
    socket.write('x');
    await new Promise((resolve) => socket.once('data', resolve));
    taken.push(performance.now() - started);
  }
  socket.destroy();
  return taken;
}

/** Milliseconds of each request, each on a connection of its own. */
async function http(host: string, port: number, times: number): Promise<number[]> {
  const agent = new Agent({ keepAlive: false });
  const taken: number[] = [];
  for (let i = 0; i < times; i += 1) {
    const started = performance.now();
    await new Promise<void>((resolve, reject) => {
      get({ host, port, agent }, (response) => response.resume().once('end', resolve)).once('error', reject);
    });
    taken.push(performance.now() - started);
  }
  return taken;
}

const [what, host = '', amount = '0'] = process.argv.slice(2);
const tell = (value: Promise<unknown>): void => {
  value.then(
    (answer) => console.log(JSON.stringify(answer)),
    (error) => {
      console.error(error);
      process.exitCode = 1;
    },
  );
};
if (what === 'serve') serve();
else if (what === 'throughput') tell(throughput(host, Number(amount)));
else if (what === 'echo') tell(echo(host, Number(amount)));
else if (what === 'http') tell(http(host, httpPort, Number(amount)));
else if (what === 'service') tell(http(host, 80, Number(amount)));
else throw new Error(`no such measure: ${what}`);
