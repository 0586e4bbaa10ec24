/**
 * Runs over every parser in turn, a thousand each at a time, so that each has its share however early the time is over.
 * `rounds` are the runs of each parser.
 */
import type { Report, Rounds } from '../rounds.ts';
import { tryParser } from './parser.ts';
import { makeParsers } from './parsers.ts';

const RUNS_A_TURN = 1000;

export async function runParsers({ rounds, least, seed, end, named }: Rounds): Promise<Report> {
  const parsers = (await makeParsers()).filter(({ name }) => named === undefined || name.includes(named));
  if (parsers.length === 0) throw new Error(`no parser is called ${named}`);
  const wrongs = new Map<string, string>();
  let done = 0;
  let inputs = 0;
  for (let turn = 0; done < rounds && (done < least || performance.now() < end); turn += 1) {
    const runs = Math.min(RUNS_A_TURN, rounds - done);
    for (const parser of parsers) {
      if (wrongs.has(parser.name)) continue;
      const own = Math.ceil(runs / (parser.oneOf ?? 1));
      const wrong = tryParser(parser, own, seed + turn);
      if (wrong !== undefined) wrongs.set(parser.name, wrong);
      inputs += own;
    }
    done += runs;
  }
  return { rounds: done, classes: parsers.length, outcomes: { inputs }, wrongs: [...wrongs.values()] };
}
