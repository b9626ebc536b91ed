import { expect, test } from 'vitest';
import { declaredFeatures } from './declared-features.ts';

test('what the gates leave on is declared, sorted', () => {
  const all = declaredFeatures({});
  expect(all).toContain('RestartAllContainersOnContainerExits');
  expect([...all].sort()).toEqual(all);
  expect(declaredFeatures({ InPlacePodLevelResourcesVerticalScaling: false })).toEqual(all.slice(1));
});

test('nothing is declared when declaring is off', () => {
  expect(declaredFeatures({ NodeDeclaredFeatures: false })).toEqual([]);
});
