import type { Validity } from '../../base/x509/certificates.ts';
import { parseDurationMs } from '../kubeadm-config/durations.ts';

/** Certificates begin a little in the past, because clocks differ; kubeadm's own margin. */
const backdateMs = 5 * 60_000;

/** From a little before `now` until the period (as Go writes durations) has passed. */
export const validFor = (now: Date, period: string): Validity => ({
  notBefore: new Date(now.getTime() - backdateMs),
  notAfter: new Date(now.getTime() + parseDurationMs(period)),
});
