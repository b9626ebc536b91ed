import { expect, test } from 'vitest';
import { allFeatures, featureEnabled, validateFeatureGates } from './feature-gates.ts';

test.each<[string, Record<string, boolean>, RegExp | undefined]>([
  ['a known gate', { EventedPLEG: true }, undefined],
  ['groups of gates', { AllAlpha: true, AllBeta: true }, undefined],
  ['no beta features', { AllBeta: false }, undefined],
  ['a feature without what it builds on', { AllAlpha: true }, /PodGroupPreemptionPolicy is enabled, but depends on/],
  ['one that others build on, off', { PodLevelResources: false }, /depends on features that are disabled: \[PodLevelR/],
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

test('groups set the gates of their stage that are not set by name', () => {
  expect(featureEnabled({ AllAlpha: true }, 'EventedPLEG')).toBe(true);
  expect(featureEnabled({ AllAlpha: true, EventedPLEG: false }, 'EventedPLEG')).toBe(false);
  expect(featureEnabled({ AllBeta: false }, 'ContainerCheckpoint')).toBe(false);
  expect(featureEnabled({ AllBeta: false }, 'SELinuxMount')).toBe(true);
});

test('asking for a gate that does not exist is a mistake in the code', () =>
  expect(() => featureEnabled({}, 'NoSuchGate')).toThrow('NoSuchGate'));

test('every gate is told with its value in force', () => {
  const features = allFeatures({ EventedPLEG: true });
  expect(features).toContainEqual({ name: 'EventedPLEG', stage: 'ALPHA', enabled: true });
  expect(features).toContainEqual({ name: 'NodeSwap', stage: '', enabled: true });
  expect(features).toContainEqual({ name: 'AllBeta', stage: 'BETA', enabled: false });
  expect(features.length).toBeGreaterThan(150);
});
