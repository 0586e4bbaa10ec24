/** The bad lines that users meet. */
import { BROKEN_LINES } from './broken-lines.ts';
import type { Scenario } from './scenario.ts';
import { SLOW_LINES } from './slow-lines.ts';
import { STRANGERS } from './strangers.ts';

export const SCENARIOS: readonly Scenario[] = [...BROKEN_LINES, ...SLOW_LINES, ...STRANGERS];
