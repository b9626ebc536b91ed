import { expect, test } from 'vitest';
import { commandFor, outputFrom } from './rename.ts';

test.each([
  ['docker exec kubelet-worker2 true', 'docker exec e2e-kubelet-worker2 true'],
  ['kubectl delete pod etcd-kubelet-control-plane', 'kubectl delete pod etcd-e2e-kubelet-control-plane'],
  ['klab create --name kubelet --config kind.yaml', 'klab create --name e2e-kubelet --config kind.yaml'],
  ['kubectl config use-context klab-kubelet', 'kubectl config use-context klab-e2e-kubelet'],
  ['journalctl -u kubelet; ls /var/lib/kubelet', 'journalctl -u kubelet; ls /var/lib/kubelet'],
  ['ls /var/lib/kubelet/pki/kubelet-client-current.pem', 'ls /var/lib/kubelet/pki/kubelet-client-current.pem'],
  [
    'kubectl get --raw /api/v1/nodes/kubelet-worker/proxy/healthz',
    'kubectl get --raw /api/v1/nodes/e2e-kubelet-worker/proxy/healthz',
  ],
])('%s', (command, renamed) => {
  expect(commandFor('e2e-kubelet', command)).toBe(renamed);
  expect(commandFor('kubelet', command)).toBe(command);
});

test('output reads as if the cluster had the text’s name', () => {
  expect(outputFrom('e2e-kubelet', 'e2e-kubelet-worker klab-e2e-kubelet')).toBe('kubelet-worker klab-kubelet');
});
