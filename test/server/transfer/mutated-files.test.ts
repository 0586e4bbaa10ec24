/** Mutated export files, by the thousand: no input crashes an import, imports a part, or is refused by halves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { codeOf } from '#domain/errors.ts';
import { makeSomeKey } from '#test/support/machine-caller.ts';
import { openOffice, sealed } from '#test/support/transfer-office.ts';
import { inside, recordLine } from './plain-export.ts';

test('no file, however it was changed, crashes, imports a part, or is half refused', {
  timeout: 100_000,
}, async () => {
  const oslo = await openOffice('Oslo');
  const records = Array.from({ length: 3 }, () => recordLine(makeSomeKey()));
  const good = Buffer.from(inside(records));
  const file = await sealed(inside(records));
  const mutation = fc.record({
    at: fc.nat(),
    kind: fc.constantFrom('flip', 'cut', 'insert', 'repeat', 'remove'),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 200 }),
  });
  const plan = fc.record({
    within: fc.boolean(),
    mutations: fc.array(mutation, { minLength: 1, maxLength: 4 }),
  });
  await fc.assert(
    fc.asyncProperty(plan, async ({ within, mutations }) => {
      let bytes: Buffer = within ? good : file;
      for (const one of mutations) bytes = mutated(bytes, one);
      if (bytes.equals(within ? good : file)) return;
      // A greater work factor that is still accepted costs a second and proves nothing new.
      if (
        !within &&
        !bytes.subarray(0, 80).equals(file.subarray(0, 80)) &&
        /scrypt \S+ 1\d\n/.test(bytes.toString('latin1', 0, 200))
      )
        return;
      const given = within ? await sealed(bytes) : bytes;
      const outcome = await oslo.imported(given, { dryRun: true }).then((report) => report.new, codeOf);
      // A space in the trailer changes nothing, and then all of it must come.
      if (outcome !== records.length)
        assert.match(String(outcome), /^export-(?:unreadable|invalid|version)$/);
      assert.deepEqual(await oslo.store.reader.stagedImports(), []);
      assert.deepEqual(await oslo.ids(), []);
    }),
    { numRuns: 1000 },
  );
});

function mutated(
  bytes: Buffer,
  { at, kind, bytes: more }: { at: number; kind: string; bytes: Uint8Array },
): Buffer {
  const place = at % Math.max(bytes.length, 1);
  const [front, back] = [bytes.subarray(0, place), bytes.subarray(place)];
  switch (kind) {
    case 'flip': {
      const flipped = Buffer.from(bytes);
      if (flipped.length > 0) flipped[place]! ^= 1 << (more[0]! % 8);
      return flipped;
    }
    case 'cut':
      return Buffer.from(front);
    case 'insert':
      return Buffer.concat([front, more, back]);
    case 'repeat':
      return Buffer.concat([front, back, back]);
    default:
      return Buffer.concat([front, back.subarray(more.length)]);
  }
}
