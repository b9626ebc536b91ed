export { type ClientAccess, clientAccess } from './client.ts';
export type { ServingCertificate } from './serving.ts';
export { servingCertificate } from './serving-choice.ts';
