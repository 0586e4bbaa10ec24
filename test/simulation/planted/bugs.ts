/**
 * All bugs to be planted. The simulation must find every one of them, or its checkers check nothing.
 */
import { ACCESS_BUGS } from './access-bugs.ts';
import { BUDGET_BUGS } from './budget-bugs.ts';
import { COUNTED_BUGS } from './counted-bugs.ts';
import type { Bug } from './bug.ts';
import { BY_HAND_BUGS } from './by-hand-bugs.ts';
import { CUSTODY_BUGS } from './custody-bugs.ts';
import { FILE_BUGS } from './file-bugs.ts';
import { PROCESS_BUGS } from './process-bugs.ts';

export const BUGS: readonly Bug[] = [
  ...CUSTODY_BUGS,
  ...ACCESS_BUGS,
  ...BUDGET_BUGS,
  ...COUNTED_BUGS,
  ...BY_HAND_BUGS,
  ...FILE_BUGS,
  ...PROCESS_BUGS,
];
