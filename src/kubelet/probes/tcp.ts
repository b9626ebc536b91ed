import { connect } from 'node:net';
import { connectionProblem, dialAddress } from './connection-problem.ts';
import type { ProbeOutcome } from './decide.ts';

/** A TCP connection that opens within the time is success; it is closed at once. */
export function probeTcp(host: string, port: number, timeoutMs: number): Promise<ProbeOutcome> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (outcome: ProbeOutcome) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(outcome);
    };
    const timer = setTimeout(
      () => end({ kind: 'failure', output: `dial tcp ${dialAddress(host, port)}: i/o timeout` }),
      timeoutMs,
    );
    socket.once('connect', () => end({ kind: 'success' }));
    socket.once('error', (error) => end({ kind: 'failure', output: connectionProblem(error, host, port) }));
  });
}
