/**
 * Many keys by hand, through real processes: in by a file that is made as it is read, and all of them out again.
 * Invariant: returns only where every key arrived and left, in order.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { makeAgeIdentity } from '#crypto/age-identity.ts';
import { openExport } from '#crypto/export-envelope/open-export.ts';
import { connectToServer } from '#cli/data-directory.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import { startServer } from '../support/running-server.ts';
import { lookAtImport } from '../support/staged-look.ts';
import { largestMemoryOf } from './largest-memory.ts';
import { makeFile } from './made-file.ts';
import { runWatched, type WatchedCommand } from './watched-command.ts';

/** Bytes at the most, by what was done until then. */
export interface CarriedMemory {
  readonly 'server, importing': number;
  readonly 'server, exporting': number;
  readonly 'import command': number;
  readonly 'export command': number;
}

/** @param badFirst with a file that turns out bad at its last line before the good one. */
export async function carryMany(
  data: string,
  keys: number,
  { badFirst }: { readonly badFirst: boolean },
  say: (sentence: string) => void,
): Promise<CarriedMemory> {
  mkdirSync(data, { mode: 0o700 });
  const server = await startServer(data, ['--name', 'Large']);
  const pid = server.process.pid!;
  const kill = (): void => void server.process.kill('SIGKILL');
  process.once('exit', kill);
  try {
    const call = await connectToServer(data);
    const recipient = (await call('serverStatus', {})).recipients.at(-1)!;
    const importIt = async (trailer: 'fits' | 'short'): Promise<WatchedCommand & { digest: string }> => {
      const { bytes, idsDigest } = await makeFile(recipient, keys, trailer);
      const ran = await runWatched(['keys', 'import', '-', '--json', '--data', data], { input: bytes });
      return { ...ran, digest: idsDigest() };
    };

    const bad = badFirst ? await importIt('short') : undefined;
    if (bad !== undefined) {
      assert.match(bad.stderr, REFUSED['export-invalid'].trailerSays);
      assert.deepEqual([bad.status, bad.stdout], [1, '']);
      assert.deepEqual(lookAtImport(data), { recorded: 0, staged: 0, confirmed: 0 });
      say(`${keys} keys were refused at their last line, and nothing of them is left: ${took(bad)}`);
    }

    const good = await importIt('fits');
    assert.equal(good.status, 0, good.stderr);
    assert.deepEqual(JSON.parse(good.stdout), { new: keys, known: 0, conflicts: [], dryRun: false });
    assert.deepEqual(lookAtImport(data), { recorded: keys, staged: 0, confirmed: 0 });
    say(`${keys} keys were imported: ${took(good)}`);
    const importing = largestMemoryOf(pid)!;

    const exported = await exportAll(data);
    assert.deepEqual([exported.keys, exported.digest], [keys, good.digest]);
    say(`${keys} keys were exported: ${took(exported.ran)}`);
    return {
      'server, importing': importing,
      'server, exporting': largestMemoryOf(pid)!,
      'import command': Math.max(bad?.largest ?? 0, good.largest),
      'export command': exported.ran.largest,
    };
  } finally {
    process.off('exit', kill);
    assert.equal(await server.stop(), 0, server.log());
  }
}

function took({ seconds }: WatchedCommand): string {
  return `${seconds.toFixed(1)} s`;
}

/** Into a pipe, read and counted as it comes. */
async function exportAll(
  data: string,
): Promise<{ readonly ran: WatchedCommand; readonly keys: number; readonly digest: string }> {
  const { identity, recipient } = await makeAgeIdentity('age-x25519');
  const ids = createHash('sha256');
  let keys = 0;
  const ran = await runWatched(['keys', 'export', '--out', '-', '--to', recipient, '--data', data], {
    async take(output) {
      const plaintext = openExport(output, { password: undefined, identities: async () => [identity] });
      for await (const line of createInterface({ input: Readable.from(plaintext) })) {
        if (!line.startsWith('{"key":{"id":"')) continue;
        ids.update(line.slice('{"key":{"id":"'.length, '{"key":{"id":"'.length + 36));
        keys += 1;
      }
    },
  });
  assert.equal(ran.status, 0, ran.stderr);
  return { ran, keys, digest: ids.digest('hex') };
}
