export { decidePressureAdmission } from './admit.ts';
export { type EvictionManager, type EvictionOptions, evictionManager } from './manager.ts';
export { nodeReadings } from './readings.ts';
export type { NodeCondition } from './signals.ts';
export { parseThresholds, type Threshold } from './thresholds.ts';
