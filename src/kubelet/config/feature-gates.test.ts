import { expect, test } from 'vitest';
import { allFeatures, featureEnabled, validateFeatureGates } from './feature-gates.ts';

test.each<[string, Record<string, boolean>, RegExp | undefined]>([
  ['a known gate', { EventedPLEG: true }, undefined],
  ['a group of gates', { AllAlpha: true, AllBeta: false }, undefined],
  [
    'an unknown gate, with what was meant',
    { EventedPLEGs: true },
    /unrecognized feature gate: EventedPLEGs.*EventedPLEG\?/,
  ],
  [
    'a finished feature turned off',
    { NodeSwap: false },
    /cannot set feature gate NodeSwap to false, feature is locked to true/,
  ],
  ['a finished feature left on', { NodeSwap: true, SystemdWatchdog: true }, undefined],
  ['a feature that is gone turned on', { GitRepoVolumeDriver: true }, /locked to false/],
])('%s', (_name, settings, problem) => {
  const problems = validateFeatureGates(settings);
  if (problem === undefined) expect(problems).toEqual([]);
  else expect(problems.join()).toMatch(problem);
});

test.each<[string, boolean]>([
  ['EventedPLEG', false],
  ['PodLogsQuerySplitStreams', false],
  ['KubeletFineGrainedAuthz', true],
  ['PLEGOnDemandRelist', true],
  ['ImageVolume', true],
  ['ContainerCheckpoint', true],
  ['ReloadKubeletClientCAFile', true],
  ['StatefulSetSemanticRevisionComparison', true],
  ['SELinuxMount', true],
])('%s is %s unless set', (name, enabled) => {
  expect(featureEnabled({}, name)).toBe(enabled);
  expect(featureEnabled({ [name]: !enabled }, name)).toBe(!enabled);
});

test('asking for a gate that does not exist is a mistake in the code', () =>
  expect(() => featureEnabled({}, 'NoSuchGate')).toThrow('NoSuchGate'));

test('every gate is told with its value in force', () => {
  const features = new Map(allFeatures({ EventedPLEG: true }));
  expect(features.get('EventedPLEG')).toBe(true);
  expect(features.get('NodeSwap')).toBe(true);
  expect(features.size).toBeGreaterThan(150);
});
