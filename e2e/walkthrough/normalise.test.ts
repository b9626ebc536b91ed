import { describe, expect, test } from 'vitest';
import { normaliseLine, plainLines } from './normalise.ts';

describe('normaliseLine', () => {
  test.each([
    ['columns', 'NAME            STATUS', 'NAME STATUS'],
    ['an age', 'web   1/1   Running   0   12s', 'web 1/1 Running 0 <age>'],
    ['a restart’s age', 'web 1/1 Running 1 (2m3s ago) 5d4h', 'web 1/1 Running 1 (<age> ago) <age>'],
    ['a configured duration is no age', '"syncFrequency":"1m0s"', '"syncFrequency":"1m0s"'],
    ['a deployment’s pod', 'web-7d4b9c5f6d-x2k8p 1/1', 'web-<hash> 1/1'],
    ['a DaemonSet’s pod', 'kube-proxy-x2k8p 1/1', 'kube-proxy-<hash> 1/1'],
    ['a static pod’s name stays', 'etcd-kubelet-control-plane 1/1', 'etcd-kubelet-control-plane 1/1'],
    ['a container’s ID', '0123456789abc  pause', '<id> pause'],
    ['a number is no ID', 'replicas 12345', 'replicas 12345'],
    ['a UID', 'uid 6f1c5f0e-1111-4222-8333-0123456789ab', 'uid <id>'],
    ['an address', 'at 172.18.0.3:10250', 'at <ip>:<port>'],
    ['an address that means something', '"address":"0.0.0.0"', '"address":"0.0.0.0"'],
    ['a version', 'v1.37.2 containerd://2.4.2', '<version> containerd://<version>'],
    ['a kernel', '6.18.5-cloud <none>', '<version> <none>'],
    [
      'klog’s head',
      'I1123 12:00:01.123000     412 pod.ts:1] "SyncLoop ADD" source="api"',
      'I<time> pod.ts] "SyncLoop ADD" source="api"',
    ],
    ['a time', 'since 2026-11-23T12:00:01Z', 'since <time>'],
    ['crictl’s ages', 'abc About a minute ago Running', 'abc <age> ago Running'],
    ['who has a bootstrap token', 'system:bootstrap:abcdef 5m', 'system:bootstrap:<token> <age>'],
    ['a prompt printed anew', '/ # / # / # stty size', '/ # stty size'],
    ['an object’s revision', 'ResourceVersion:"939"', 'ResourceVersion:"<number>"'],
    ['a placeholder stays', '<age> <hash> <ip>', '<age> <hash> <ip>'],
  ])('%s', (_name, line, normal) => {
    expect(normaliseLine(line)).toBe(normal);
    expect(normaliseLine(normal)).toBe(normal);
  });
});

test('plainLines leaves out what a terminal hides, and empty lines at the end', () => {
  expect(plainLines('\u001b[6none\r\n\u001b[1mtwo\u001b[0m \r\n\r\n')).toEqual(['one', 'two']);
  expect(plainLines('')).toEqual([]);
});
