import { expect, test } from 'vitest';
import type { Step } from '../../story/step.ts';
import { addSteps, filterSteps, filterSubjects } from './model.ts';

const step = (text: string, ...pods: readonly string[]): Step => ({
  at: 1,
  node: 'n1',
  pods,
  stage: 'did',
  kind: 'pod.synced',
  text,
});
const names = (subjects: readonly { readonly name: string }[]) => subjects.map(({ name }) => name);

test('steps are gathered by their pods; what is about none is the node’s', () => {
  const subjects = addSteps(new Map(), [step('one', 'a/a', 'b/b'), step('two', 'a/a'), step('three')]);
  expect(names(filterSubjects(subjects, ''))).toEqual(['node n1', 'a/a', 'b/b']);
  expect(subjects.get('a/a')?.steps.map(({ text }) => text)).toEqual(['one', 'two']);
});

test('the last phase that was told is kept', () => {
  const running = { ...step('runs', 'a/a'), phase: 'Running' };
  expect(addSteps(new Map(), [running, step('later', 'a/a')]).get('a/a')?.phase).toBe('Running');
});

test('a filter looks at names, stages and texts, whatever their case', () => {
  const subjects = addSteps(new Map(), [step('image PULLED', 'a/a'), step('two', 'a/a'), step('three', 'b/b')]);
  expect(names(filterSubjects(subjects, 'pulled'))).toEqual(['a/a']);
  const subject = subjects.get('a/a');
  expect(subject && filterSteps(subject, 'pulled').map(({ text }) => text)).toEqual(['image PULLED']);
});

test('what was told long ago is forgotten', () => {
  const many = Array.from({ length: 700 }, (_, i) => step(String(i), 'a/a'));
  expect(addSteps(new Map(), many).get('a/a')?.steps).toHaveLength(600);
});
