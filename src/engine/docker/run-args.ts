import type { ContainerCreateOptions } from 'dockerode';
import type { ContainerSpec, Mount } from '../port.ts';
import { namedCapabilities, type Privilege } from './capabilities.ts';

const bindText = ({
  source,
  target,
  readOnly,
  propagation,
  selinuxRelabel,
}: Extract<Mount, { type: 'bind' }>): string =>
  [
    source,
    target,
    [
      ...(readOnly ? ['ro'] : []),
      ...(selinuxRelabel === true ? ['Z'] : []),
      ...(propagation === 'private' ? [] : [propagation]),
    ].join(','),
  ]
    .filter((part) => part !== '')
    .join(':');

/** The engine's create request for a container. Pure: what it takes to look like a machine stands here and nowhere else. */
export function renderCreateOptions(spec: ContainerSpec, privilege: Privilege): ContainerCreateOptions {
  const mounts = spec.mounts ?? [];
  const ports = spec.ports ?? [];
  const portKey = (p: { containerPort: number; protocol: string }) => `${p.containerPort}/${p.protocol}`;
  const portBindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const port of ports) {
    const binding = { HostIp: port.hostAddress, HostPort: port.hostPort === 0 ? '' : String(port.hostPort) };
    portBindings[portKey(port)] = [...(portBindings[portKey(port)] ?? []), binding];
  }
  // Programs are unpacked to /tmp and run there, which the engine's default would forbid.
  const tmpfs = mounts.filter((m) => m.type === 'tmpfs').map(({ target }) => [target, 'exec'] as const);
  const volumes = mounts.filter((m) => m.type === 'volume').map(({ target }) => [target, {}] as const);
  const machine = spec.kind === 'machine';

  return {
    name: spec.name,
    Image: spec.image,
    Hostname: spec.hostname ?? spec.name,
    ...(spec.command === undefined ? {} : { Cmd: [...spec.command] }),
    ...(spec.entrypoint === undefined ? {} : { Entrypoint: [...spec.entrypoint] }),
    Env: [
      ...Object.entries(spec.env ?? {}).map(([name, value]) => `${name}=${value}`),
      // systemd looks for this to know that it is in a container.
      ...(machine ? ['container=docker'] : []),
    ],
    Labels: { ...spec.labels },
    ExposedPorts: Object.fromEntries(ports.map((port) => [portKey(port), {}])),
    Volumes: Object.fromEntries(volumes),
    // A console, so that `docker logs` shows the boot messages.
    Tty: machine,
    // systemd's signal for an orderly shutdown.
    ...(machine ? { StopSignal: 'SIGRTMIN+3' } : {}),
    ...(spec.network === undefined || spec.ipv4Address === undefined
      ? {}
      : {
          NetworkingConfig: { EndpointsConfig: { [spec.network]: { IPAMConfig: { IPv4Address: spec.ipv4Address } } } },
        }),
    HostConfig: {
      ...(spec.network === undefined ? {} : { NetworkMode: spec.network }),
      Binds: mounts.filter((m) => m.type === 'bind').map(bindText),
      Tmpfs: Object.fromEntries(tmpfs),
      PortBindings: portBindings,
      // The engine's way to say "none" is the root domain.
      ...(spec.dnsSearch === undefined ? {} : { DnsSearch: spec.dnsSearch.length === 0 ? ['.'] : [...spec.dnsSearch] }),
      ...(spec.nanoCpus === undefined ? {} : { NanoCpus: spec.nanoCpus }),
      // No swap on top: the node would have more than it reports.
      ...(spec.memoryBytes === undefined ? {} : { Memory: spec.memoryBytes, MemorySwap: spec.memoryBytes }),
      ...(machine ? machineHostConfig(privilege) : {}),
    },
  };
}

/** The types do not know the field yet, the engine does since 20.10. */
const privateCgroups: object = { CgroupnsMode: 'private' };

function machineHostConfig(privilege: Privilege): NonNullable<ContainerCreateOptions['HostConfig']> {
  return {
    // The node's own cgroups at the root of what it sees: nothing it makes collides with the host's.
    ...privateCgroups,
    // Where the engine maps users, root here must be the host's: mounts and devices are its alone.
    UsernsMode: 'host',
    // systemd is the first process; another init above it would keep it from being one.
    Init: false,
    // Comes back when the engine restarts after a crash, but not for ever when it cannot boot.
    RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 1 },
    ...(privilege === 'privileged'
      ? { Privileged: true, SecurityOpt: ['seccomp=unconfined', 'apparmor=unconfined'] }
      : {
          CapAdd: [...namedCapabilities],
          // Pods set up their own confinement; the node must not have one that forbids it.
          SecurityOpt: ['seccomp=unconfined', 'apparmor=unconfined'],
          // Nothing masked or read-only below /proc and /sys: the kubelet and kube-proxy set kernel parameters.
          MaskedPaths: [],
          ReadonlyPaths: [],
          // Device nodes may be made and used, as under --privileged.
          DeviceCgroupRules: ['a *:* rwm'],
        }),
  };
}
