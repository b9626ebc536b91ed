/** Where probe pods listen. */
export const probePort = 8099;

/** Runs in a probe pod's network: answers whoever connects, and ends by itself when it was forgotten. */
const server = `require('node:net').createServer((socket) => socket.on('error', () => 0).end('klab'))
  .on('error', () => process.exit(0)).listen(${probePort});
setTimeout(() => process.exit(0), 120000);`;

/** Runs in a probe pod's network: prints as JSON what could not be reached of { targets, dns }. */
const client = `const { createConnection } = require('node:net');
const { Resolver } = require('node:dns').promises;
const { targets, dns } = JSON.parse(process.argv[1]);
const reach = (host) => new Promise((resolve) => {
  const socket = createConnection({ host, port: ${probePort}, timeout: 1500 });
  socket.on('data', () => { socket.destroy(); resolve([]); });
  socket.on('error', (error) => resolve([{ target: host, why: error.code || error.message }]));
  socket.on('timeout', () => { socket.destroy(); resolve([{ target: host, why: 'no answer' }]); });
  socket.on('end', () => resolve([{ target: host, why: 'closed' }]));
});
const ask = async () => {
  const resolver = new Resolver({ timeout: 1500, tries: 1 });
  resolver.setServers([dns]);
  try {
    await resolver.resolveAny('kubernetes.default.svc.cluster.local').catch(() =>
      resolver.resolve4('kubernetes.default.svc.cluster.local'));
    return [];
  } catch (error) {
    return [{ target: 'dns', why: error.code || error.message }];
  }
};
Promise.all([...targets.map(reach), ask()]).then((lists) => {
  console.log(JSON.stringify(lists.flat()));
  process.exit(0);
});`;

/** Enters the network of the probe pod of this node; exits with 3 while there is none. */
const enter = (then: string): string => `const { execFileSync, spawn, spawnSync } = require('node:child_process');
const crictl = (...args) => execFileSync('crictl', args, { encoding: 'utf8' });
const [id] = crictl('pods', '-q', '--state', 'ready', '--namespace', 'kube-system', '--name', '^klab-cni-probe-').split('\\n');
if (!id) process.exit(3);
const { pid } = JSON.parse(crictl('inspectp', id)).info;
const inside = (code, ...args) => ['--net', '--target', String(pid), process.execPath, '-e', code, ...args];
${then}`;

/** Starts the server on a node and returns; one that runs already is left alone. */
export const startProbeServer = enter(
  `spawn('nsenter', inside(${JSON.stringify(server)}), { detached: true, stdio: 'ignore' }).unref();`,
);

/** Runs the client on a node with the JSON of what to reach as its argument. */
export const askFromProbe = enter(
  `const { status, stdout, stderr } = spawnSync('nsenter', inside(${JSON.stringify(client)}, process.argv[1]), { encoding: 'utf8' });
process.stdout.write(stdout);
process.stderr.write(stderr);
process.exit(status === null ? 1 : status);`,
);
