export { type ClientAccess, clientAccess } from './client.ts';
export {
  clusterCertificate,
  ensureSelfSigned,
  fileCertificate,
  type ServingCertificate,
  selfSignedPaths,
} from './serving.ts';
