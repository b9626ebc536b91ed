import { type handleUnaryCall, Server, ServerCredentials, status } from '@grpc/grpc-js';
import { afterEach, expect, test } from 'vitest';
import {
  type HealthCheckRequest,
  type HealthCheckResponse,
  HealthCheckResponse_ServingStatus,
  HealthService,
} from '../../cri/generated/health.ts';
import { probeGrpc } from './grpc.ts';

let server: Server | undefined;
afterEach(() => server?.forceShutdown());

type Answer = HealthCheckResponse_ServingStatus | { readonly code: number };

async function serve(answer: Answer): Promise<number> {
  const started = new Server();
  server = started;
  const check: handleUnaryCall<HealthCheckRequest, HealthCheckResponse> = (_call, done) => {
    if (typeof answer === 'object') done({ ...answer, details: 'unknown service' });
    else done(null, { status: answer });
  };
  started.addService({ check: HealthService.check }, { check });
  return new Promise<number>((resolve, reject) =>
    started.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    ),
  );
}

test.each([
  ['serving', HealthCheckResponse_ServingStatus.SERVING, { kind: 'success' }],
  [
    'not serving',
    HealthCheckResponse_ServingStatus.NOT_SERVING,
    { kind: 'failure', output: 'service unhealthy (responded with "NOT_SERVING")' },
  ],
  [
    'of a service that it does not know',
    { code: status.NOT_FOUND },
    {
      kind: 'failure',
      output: 'error: health rpc probe failed: rpc error: code = NotFound desc = unknown service',
    },
  ],
])('a server that is asked and %s', async (_name, answer, outcome) => {
  const port = await serve(answer);
  expect(await probeGrpc('127.0.0.1', port, 'web', 1000, 'kube-probe/1.37')).toEqual(outcome);
});
