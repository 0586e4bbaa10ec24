/**
 * What is to be closed when the tests of a file are over, whoever opened it: a hook that is set inside another hook or
 * test would run when that one is over. Last opened, first closed.
 */
import { after } from 'node:test';

const closings: (() => unknown)[] = [];

after(async () => {
  for (const close of closings.toReversed()) await close();
});

export function atTheEnd(close: () => unknown): void {
  closings.push(close);
}
