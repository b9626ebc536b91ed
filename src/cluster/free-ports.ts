import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { PublishedPort } from '../engine/port.ts';

/** A port as the config asks for it: 0 for a free one that stays the same over restarts, -1 for one of the engine's choice. */
export type WantedPort = PublishedPort;

interface Reservation {
  readonly port: number;
  readonly release: () => Promise<void>;
}

/** Port 0 is the engine's choice: for protocols that cannot be tried here, and for addresses of another machine. */
const engineChooses: Reservation = { port: 0, release: async () => undefined };

async function reserve(address: string, protocol: PublishedPort['protocol']): Promise<Reservation> {
  try {
    if (protocol === 'tcp') {
      const server = createServer().listen(0, address);
      await once(server, 'listening');
      const bound = server.address();
      const release = () => new Promise<void>((resolve) => server.close(() => resolve()));
      return { port: typeof bound === 'object' && bound !== null ? bound.port : 0, release };
    }
    if (protocol === 'udp') {
      const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4').bind(0, address);
      await once(socket, 'listening');
      const { port } = socket.address();
      return { port, release: () => new Promise<void>((resolve) => socket.close(() => resolve())) };
    }
  } catch {
    return engineChooses;
  }
  return engineChooses;
}

/**
 * Gives those that ask for a free port (0) one that no one uses now. The engine would choose another at each start of
 * the container, and kubeconfigs would point nowhere after a restart.
 */
export async function chooseHostPorts(wanted: readonly WantedPort[]): Promise<readonly PublishedPort[]> {
  const held: Reservation[] = [];
  const chosen: PublishedPort[] = [];
  for (const port of wanted) {
    if (port.hostPort === 0) {
      const reservation = await reserve(port.hostAddress, port.protocol);
      held.push(reservation);
      chosen.push({ ...port, hostPort: reservation.port });
    } else {
      chosen.push({ ...port, hostPort: Math.max(0, port.hostPort) });
    }
  }
  // Held until all are chosen, so that none is chosen twice.
  await Promise.all(held.map(({ release }) => release()));
  return chosen;
}
