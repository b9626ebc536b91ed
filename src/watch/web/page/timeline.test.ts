import { describe, expect, test } from 'vitest';
import type { Phase, Step } from '../../story/step.ts';
import { layOutTimeline } from './timeline.ts';

const step = (at: number, phase?: Phase, ms = 0, ok = true): Step => ({
  at,
  node: 'n',
  pods: ['a/a'],
  stage: 'did',
  kind: 'pod.synced',
  text: phase ?? 'nothing',
  ...(phase === undefined ? {} : { span: { phase, ms, ok } }),
});

describe('layOutTimeline', () => {
  test('nothing was done yet', () => expect(layOutTimeline([step(5)], 'all')).toBeUndefined());

  test('lanes are in the order of a pod’s life, bars where their work was', () => {
    const timeline = layOutTimeline([step(1000), step(1200, 'sandbox', 100), step(2000, 'pull', 800, false)], 'all');
    expect(timeline).toMatchObject({
      from: 1000,
      to: 2000,
      lanes: [
        { phase: 'sandbox', bars: [{ ok: true, label: 'sandbox (100 ms)' }] },
        { phase: 'pull', bars: [{ ok: false }] },
      ],
    });
    const bars = timeline?.lanes.flatMap((lane) => lane.bars) ?? [];
    expect(bars.map(({ left, width }) => [left, width].map((x) => Number(x.toFixed(3))))).toEqual([
      [0.1, 0.1],
      [0.2, 0.8],
    ]);
  });

  test('work began before the first step that is remembered', () => {
    expect(layOutTimeline([step(1000), step(1100, 'sandbox', 500)], 'all')).toMatchObject({ from: 600, to: 1100 });
  });

  test('probes make it longer by half at most', () => {
    const steps = [step(0), step(1000, 'start', 100), step(1200, 'probe', 10), step(90_000, 'probe', 10)];
    expect(layOutTimeline(steps, 'all')).toMatchObject({ to: 1500 });
    expect(layOutTimeline(steps, 'all')?.lanes.map(({ bars }) => bars.length)).toEqual([1, 1]);
  });

  test('the start alone', () => {
    const running: Step = { ...step(1000), kind: 'pod.running' };
    const steps = [step(0, 'sandbox', 0), running, step(1900, 'start', 1), step(60_000, 'start', 1)];
    expect(layOutTimeline(steps, 'start')).toMatchObject({ from: 0, to: 1900 });
    expect(layOutTimeline(steps, 'all')).toMatchObject({ from: 0, to: 60_000 });
  });

  test('work without length can be drawn', () => {
    expect(layOutTimeline([step(7, 'volumes', 0)], 'all')).toMatchObject({ from: 7, to: 8 });
  });
});
