/**
 * Looks for every planted bug: `npm run simulate:planted -- [--seeds 10] [--only TEXT]`. Exit code 1 unless all are
 * found.
 */
import { parseArgs } from 'node:util';
import { BUGS } from './bugs.ts';
import { seek } from './plant.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10' },
    from: { type: 'string' },
    only: { type: 'string', default: '' },
  },
});

let missed = 0;
for (const bug of BUGS.filter(({ name }) => name.includes(values.only))) {
  const found = await seek(
    bug,
    Number(values.seeds),
    values.from === undefined ? undefined : Number(values.from),
  );
  if (found.seed === undefined) missed += 1;
  const says =
    found.seed === undefined
      ? `NOT FOUND in ${found.seeds} seeds`
      : `seed ${found.seed}: ${found.rule} (${found.sentence})`;
  process.stdout.write(`${bug.name}: ${says}\n`);
}
process.exitCode = missed === 0 ? 0 : 1;
