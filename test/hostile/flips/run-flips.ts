/**
 * Rounds of one flipped bit each, over every class of byte in turn, so that each class has its share however early the
 * time is over.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDice } from '../../simulation/world/dice.ts';
import type { Report, Rounds } from '../rounds.ts';
import { agentFlips } from './agent-flips.ts';
import { makeFlipSite } from './data-directory.ts';
import { databaseFlips } from './database-flips.ts';
import type { FlipClass, Outcome } from './flip.ts';
import { sealedFileFlips } from './sealed-file-flips.ts';

/** Files hold most of the bytes, and most of them mean nothing: they are tried more often. */
const FILES_WEIGHT = 8;
const FILES: readonly string[] = ['the database file', 'the write-ahead log', "the agent's file"];

async function makeClasses(folder: string): Promise<FlipClass[]> {
  const site = await makeFlipSite(folder);
  return [
    ...(await databaseFlips(site)),
    ...(await sealedFileFlips(site, folder)),
    ...(await agentFlips(folder)),
  ];
}

export async function runFlips({ rounds, least, seed, end, named }: Rounds): Promise<Report> {
  const folder = await mkdtemp(join(tmpdir(), 'keystair-hostile-'));
  try {
    const classes = (await makeClasses(folder)).filter(
      ({ name }) => named === undefined || name.includes(named),
    );
    if (classes.length === 0) throw new Error(`no class of byte is called ${named}`);
    const turns = classes.flatMap((each) =>
      Array.from({ length: FILES.includes(each.name) ? FILES_WEIGHT : 1 }, () => each),
    );
    const outcomes: Record<string, number> = {};
    const wrongs: string[] = [];
    let round = 0;
    for (; round < rounds && (round < least || performance.now() < end); round += 1) {
      const each = turns[round % turns.length]!;
      const outcome = await tryOne(each, seed + round);
      const word = typeof outcome === 'string' ? outcome : 'wrong';
      outcomes[word] = (outcomes[word] ?? 0) + 1;
      if (typeof outcome !== 'string') wrongs.push(`${each.name}, seed ${seed + round}: ${outcome.wrong}`);
    }
    return { rounds: round, classes: classes.length, outcomes, wrongs };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function tryOne(each: FlipClass, seed: number): Promise<Outcome> {
  try {
    return await each.run(createDice(seed, each.name));
  } catch (error) {
    return { wrong: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
