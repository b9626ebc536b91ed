export { renderConfigz } from './configz.ts';
export { parseGoDuration } from './duration.ts';
export { KubeletConfigError } from './errors.ts';
export { allFeatures, featureEnabled } from './feature-gates.ts';
export type { KubeletFlags } from './flag-table.ts';
export { computeConfiguration, loadKubeletConfiguration } from './load.ts';
export type { KubeletConfiguration } from './model.ts';
export { type ParsedFlags, parseFlags, type Taint } from './parse-flags.ts';
export { validateKubeletConfiguration } from './validate.ts';
