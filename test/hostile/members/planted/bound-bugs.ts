/** All bounds to be taken away: the campaign, or a test, must see each. */
import type { BoundBug } from './bound-bug.ts';
import { MESSAGE_BUGS } from './message-bugs.ts';
import { SHARE_BUGS } from './share-bugs.ts';
import { TESTED_BUGS } from './tested-bugs.ts';

export const BOUND_BUGS: readonly BoundBug[] = [...MESSAGE_BUGS, ...SHARE_BUGS, ...TESTED_BUGS];
