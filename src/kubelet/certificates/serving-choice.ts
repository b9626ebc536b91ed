import type { KubeApi } from '../../api/port.ts';
import type { Node } from '../../api/types.ts';
import type { Clock } from '../../base/clock.ts';
import type { Journal } from '../../journal/journal.ts';
import type { KubeletConfiguration } from '../config/index.ts';
import {
  clusterCertificate,
  ensureSelfSigned,
  fileCertificate,
  type ServingCertificate,
  selfSignedPaths,
} from './serving.ts';

export interface ServingChoiceOptions {
  readonly config: Pick<KubeletConfiguration, 'tlsCertFile' | 'tlsPrivateKeyFile' | 'serverTLSBootstrap'>;
  readonly api: KubeApi | undefined;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly certDir: string;
  readonly nodeName: string;
  readonly node: () => Node | undefined;
}

export interface ServingChoice {
  readonly certificate: ServingCertificate;
  /** The files in use, which the configuration in force then names. */
  readonly files: { readonly tlsCertFile?: string; readonly tlsPrivateKeyFile?: string };
}

/** The server's certificate: the configured files, else one from the cluster if that is asked for, else a self-signed one. */
export async function servingCertificate(options: ServingChoiceOptions): Promise<ServingChoice> {
  const { config, api, clock, journal, certDir, nodeName } = options;
  if (config.tlsCertFile && config.tlsPrivateKeyFile) {
    const files = { tlsCertFile: config.tlsCertFile, tlsPrivateKeyFile: config.tlsPrivateKeyFile };
    return { certificate: fileCertificate(files.tlsCertFile, files.tlsPrivateKeyFile), files };
  }
  if (config.serverTLSBootstrap === true && api !== undefined) {
    const addresses = () => options.node()?.status?.addresses ?? [];
    return { certificate: clusterCertificate({ api, clock, journal, certDir, nodeName, addresses }), files: {} };
  }
  const { certFile, keyFile } = selfSignedPaths(certDir);
  await ensureSelfSigned(certFile, keyFile, nodeName, new Date(clock.now()));
  return {
    certificate: fileCertificate(certFile, keyFile),
    files: { tlsCertFile: certFile, tlsPrivateKeyFile: keyFile },
  };
}
