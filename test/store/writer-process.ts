/**
 * A process that records keys as fast as it can, until it is killed or its disk fails, and says on standard output
 * which are acknowledged. Run by tests.
 *
 *   node writer-process.ts DIRECTORY FIRST WORKS ROWS SYNC [reading]
 *
 * Keys are numbered from FIRST; WORKS run at a time, of ROWS keys and one audit event each. SYNC is `full`, or `off` for
 * a store that is to lose what it acknowledged when the power goes. A line is `ready`, or the number of a key that is
 * durable, or with `reading`, `read N` where a reader was told of N keys. A fatal error is printed on standard error, and
 * the exit code is 70.
 */
import { writeSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import type { KeystairError } from '#domain/errors.ts';
import { openSqliteStore } from '#store/sqlite/open-sqlite-store.ts';
import { auditAfterHead, keysAfterHead } from './stored-rows.ts';

const [directory = '', first = '0', works = '1', rows = '1', sync = 'full', reading] = process.argv.slice(2);

function onFatal(error: KeystairError): never {
  writeSync(2, `fatal ${error.code}: ${error.sentence}\n`);
  process.exit(70);
}

const store = await openSqliteStore({
  directory,
  onFatal,
  auditReserveBytes: 0,
  sync: sync === 'off' ? 'off' : 'full',
});
writeSync(1, 'ready\n');

let next = Number(first);
async function recordForEver(): Promise<never> {
  for (;;) {
    const ns = Array.from({ length: Number(rows) }, () => next++);
    await store.write(async (transaction) => {
      await transaction.appendKeys(keysAfterHead(await transaction.head(), ns));
      const event = `recorded ${ns.join(' ')}`;
      await transaction.appendAudit(auditAfterHead(await transaction.auditHead(), [event]));
    });
    writeSync(1, `${ns.join('\n')}\n`);
  }
}

async function readForEver(): Promise<never> {
  for (let last = 0; ; await turn()) {
    const { seq } = await store.reader.head();
    if (seq > last) writeSync(1, `read ${seq}\n`);
    last = seq;
  }
}

await Promise.all([
  ...Array.from({ length: Number(works) }, recordForEver),
  ...(reading === undefined ? [] : [readForEver()]),
]);
