import { credentials, Metadata, status } from '@grpc/grpc-js';
import { HealthCheckResponse_ServingStatus, HealthClient } from '../../cri/generated/health.ts';
import { parseGrpcCode } from '../../cri/grpc-status.ts';
import { formatGoDuration } from '../go-duration.ts';
import { dialAddress } from './connection-problem.ts';
import type { ProbeOutcome } from './decide.ts';

/** Asks grpc.health.v1 in plain text; only SERVING is success. */
export function probeGrpc(
  host: string,
  port: number,
  service: string,
  timeoutMs: number,
  userAgent: string,
): Promise<ProbeOutcome> {
  const address = dialAddress(host, port);
  const client = new HealthClient(address, credentials.createInsecure(), {
    'grpc.primary_user_agent': userAgent,
    'grpc.use_local_subchannel_pool': 1,
  });
  return new Promise<ProbeOutcome>((resolve) => {
    const deadline = Date.now() + timeoutMs;
    client.waitForReady(deadline, (notReady) => {
      if (notReady) {
        const output = `timeout: failed to connect service "${address}" within ${formatGoDuration(timeoutMs)}: context deadline exceeded`;
        resolve({ kind: 'failure', output });
        return;
      }
      client.check({ service }, new Metadata(), { deadline }, (error, answer) => {
        if (error) {
          resolve({ kind: 'failure', output: refusal(error.code, error.details, timeoutMs) });
        } else if (answer.status === HealthCheckResponse_ServingStatus.SERVING) {
          resolve({ kind: 'success' });
        } else {
          resolve({
            kind: 'failure',
            output: `service unhealthy (responded with "${servingStatusName(answer.status)}")`,
          });
        }
      });
    });
  }).finally(() => client.close());
}

function refusal(code: number, details: string, timeoutMs: number): string {
  if (code === status.UNIMPLEMENTED) {
    return `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${details}`;
  }
  if (code === status.DEADLINE_EXCEEDED)
    return `timeout: health rpc did not complete within ${formatGoDuration(timeoutMs)}`;
  return `error: health rpc probe failed: rpc error: code = ${parseGrpcCode(String(code))} desc = ${details}`;
}

const servingStatusName = (value: number): string =>
  Object.entries(HealthCheckResponse_ServingStatus).find(([, number]) => number === value)?.[0] ?? String(value);
