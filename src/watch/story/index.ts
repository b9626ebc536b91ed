export { renderMs } from './durations.ts';
export { isMurmur, narrator } from './narrate.ts';
export { type Phase, phases, type Span, type Stage, type Step, stages } from './step.ts';
