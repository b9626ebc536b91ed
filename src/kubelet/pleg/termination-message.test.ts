import { expect, test } from 'vitest';
import { composeTerminationMessage, fallsBackToLog, lastLogText } from './termination-message.ts';

test.each([
  ['the file alone', { runtimeMessage: '', file: 'done', logTail: undefined }, 'done'],
  ['the runtime alone', { runtimeMessage: 'OOM', file: '', logTail: undefined }, 'OOM'],
  ['both', { runtimeMessage: 'OOM', file: 'done', logTail: undefined }, 'OOM: done'],
  ['the log in the file’s place', { runtimeMessage: '', file: '', logTail: 'panic' }, 'panic'],
  ['nothing at all', { runtimeMessage: '', file: undefined, logTail: undefined }, ''],
])('the message is %s', (_name, sources, message) => {
  expect(composeTerminationMessage(sources)).toBe(message);
});

test.each([
  ['FallbackToLogsOnError', 1, 'Error', true],
  ['FallbackToLogsOnError', 0, 'Completed', false],
  ['FallbackToLogsOnError', 128, 'ContainerCannotRun', false],
  ['File', 1, 'Error', false],
  [undefined, 1, 'Error', false],
])('%s after exit %i (%s): log %s', (policy, exitCode, reason, wanted) => {
  expect(fallsBackToLog(policy, exitCode, reason)).toBe(wanted);
});

test('of a log the last 80 lines are taken, without the runtime’s stamps, parts joined', () => {
  const lines = Array.from({ length: 100 }, (_, i) => `2026-01-01T00:00:00Z stdout F line ${i}`);
  expect(lastLogText(lines.join('\n')).split('\n').filter(Boolean)).toHaveLength(80);
  expect(lastLogText('t stdout P one \nt stdout F two\n')).toBe('one two\n');
});

test('and of those no more than 2048 bytes', () => {
  const log = `t stdout F ${'x'.repeat(5000)}END\n`;
  const text = lastLogText(log);
  expect(Buffer.byteLength(text)).toBe(2048);
  expect(text.endsWith('END\n')).toBe(true);
});
