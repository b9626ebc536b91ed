import { KubeletConfigError, parseGoDuration } from '../config/index.ts';
import { parseQuantity } from '../quantity.ts';
import { type DiskLayout, isSignal, type Reading, type Signal } from './signals.ts';

/** An amount, or a share of the capacity. */
export type Amount =
  | { readonly kind: 'quantity'; readonly value: number }
  | { readonly kind: 'share'; readonly of1: number };

/** Fewer than this are available: the node is short of it. */
export interface Threshold {
  readonly signal: Signal;
  readonly below: Amount;
  /** How long it must be so before pods are evicted; 0: a hard threshold. */
  readonly graceMs: number;
  /** Once it was met, so much more has to become available. */
  readonly minReclaim: Amount | undefined;
}

export interface EvictionSettings {
  readonly evictionHard?: Readonly<Record<string, string>>;
  readonly evictionSoft?: Readonly<Record<string, string>>;
  readonly evictionSoftGracePeriod?: Readonly<Record<string, string>>;
  readonly evictionMinimumReclaim?: Readonly<Record<string, string>>;
  readonly enforceNodeAllocatable: readonly string[];
}

export const isHard = ({ graceMs }: Threshold): boolean => graceMs === 0;

/** The amount in the reading's unit. */
export const amountOf = (amount: Amount, { capacity }: Pick<Reading, 'capacity'>): number =>
  amount.kind === 'quantity' ? amount.value : Math.floor(capacity * amount.of1);

const fail = (sentence: string): never => {
  throw new KubeletConfigError(sentence);
};

function knownSignal(name: string): Signal {
  return isSignal(name) ? name : fail(`unsupported eviction signal ${name}`);
}

function parseShare(text: string): number {
  const percent = Number(text.slice(0, -1));
  if (text.length < 2 || Number.isNaN(percent)) fail(`"${text}" is not a percentage`);
  return percent / 100;
}

function parseBelow(signal: Signal, text: string): Amount | undefined {
  if (text === '0%' || text === '100%') return undefined;
  if (text.endsWith('%')) {
    const of1 = parseShare(text);
    if (of1 < 0) fail(`eviction percentage threshold ${signal} must be >= 0%: ${text}`);
    if (of1 > 1) fail(`eviction percentage threshold ${signal} must be <= 100%: ${text}`);
    return { kind: 'share', of1 };
  }
  const value = readQuantity(signal, text);
  if (value <= 0) fail(`eviction threshold ${signal} must be positive: ${text}`);
  return { kind: 'quantity', value };
}

function readQuantity(signal: Signal, text: string): number {
  try {
    return parseQuantity(text);
  } catch {
    return fail(`eviction ${signal}: "${text}" is not a quantity`);
  }
}

function parseReclaim(signal: Signal, text: string): Amount {
  if (text.endsWith('%')) {
    const of1 = parseShare(text);
    if (of1 <= 0) fail(`eviction percentage minimum reclaim ${signal} must be positive: ${text}`);
    return { kind: 'share', of1 };
  }
  const value = readQuantity(signal, text);
  if (value < 0) fail(`negative eviction minimum reclaim specified for ${signal}`);
  return { kind: 'quantity', value };
}

function parseGrace(name: string, text: string): number {
  knownSignal(name);
  let ms: number;
  try {
    ms = parseGoDuration(text);
  } catch {
    return fail(`eviction grace period of ${name}: "${text}" is not a duration`);
  }
  return ms < 0 ? fail(`invalid eviction grace period specified: ${text}, must be a positive value`) : ms;
}

/**
 * The thresholds of a configuration. What stands for all the node's memory stands for the pods' part of it too, where
 * that is enforced. Throws a KubeletConfigError for a signal that there is not, or an amount that is none.
 */
export function parseThresholds(settings: EvictionSettings): readonly Threshold[] {
  const { evictionHard = {}, evictionSoft = {}, evictionSoftGracePeriod = {}, evictionMinimumReclaim = {} } = settings;
  const reclaims = new Map(
    Object.entries(evictionMinimumReclaim).map(([name, text]) => [name, parseReclaim(knownSignal(name), text)]),
  );
  const graces = new Map(Object.entries(evictionSoftGracePeriod).map(([name, text]) => [name, parseGrace(name, text)]));
  const parse = (all: Readonly<Record<string, string>>, graceOf: (signal: Signal) => number): readonly Threshold[] =>
    Object.entries(all).flatMap(([name, text]) => {
      const signal = knownSignal(name);
      const below = parseBelow(signal, text);
      return below === undefined ? [] : [{ signal, below, graceMs: graceOf(signal), minReclaim: reclaims.get(signal) }];
    });
  const hard = parse(evictionHard, () => 0);
  const soft = parse(
    evictionSoft,
    (signal) => graces.get(signal) ?? fail(`grace period must be specified for the soft eviction threshold ${signal}`),
  );
  const ofPods = settings.enforceNodeAllocatable.includes('pods')
    ? hard
        .filter(({ signal }) => signal === 'memory.available')
        .map((threshold) => ({ ...threshold, signal: 'allocatableMemory.available' as const }))
    : [];
  return [...hard, ...soft, ...ofPods];
}

/**
 * The file system with the containers' layers is the node's or that of the images: its thresholds are the same, and
 * what a configuration says of it is not heard.
 */
export function withContainerFs(thresholds: readonly Threshold[], layout: DiskLayout): readonly Threshold[] {
  const source = layout === 'imagesAndContainers' ? 'imagefs' : 'nodefs';
  const mirrored = thresholds.flatMap((threshold) =>
    threshold.signal === `${source}.available` || threshold.signal === `${source}.inodesFree`
      ? [{ ...threshold, signal: threshold.signal.endsWith('Free') ? inodesSignal : bytesSignal }]
      : [],
  );
  return [...thresholds.filter(({ signal }) => signal !== bytesSignal && signal !== inodesSignal), ...mirrored];
}

const bytesSignal = 'containerfs.available' as const;
const inodesSignal = 'containerfs.inodesFree' as const;
