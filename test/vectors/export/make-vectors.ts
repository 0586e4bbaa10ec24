/** Makes the vectors of this folder anew: `node test/vectors/export/make-vectors.ts`. Salts and nonces are then other ones. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashClaim } from '#domain/claim.ts';
import { makeKey } from '#domain/encryption-key.ts';
import { KeyMaterial } from '#domain/key-material.ts';
import { HEADER, inside, recordLine } from '#test/server/transfer/plain-export.ts';
import { PASSWORD, sealed } from '#test/support/transfer-office.ts';

const keys = [1, 2, 3].map((n) =>
  makeKey(
    {
      kind: 'volume',
      claimHash: hashClaim(new Uint8Array(16).fill(n)),
      device: { id: '0192f0aa-0000-4000-8000-00000000000a', name: `Büro ${n} 東京` },
      locator: n === 1 ? {} : { label: `stick ${n}` },
      algorithm: 'aes-xts-plain64/512',
      origin: '0192f0cc-0000-4000-8000-00000000000c',
      createdAt: `2025-01-0${n}T00:00:00.000Z`,
      replaces: null,
    },
    new KeyMaterial(n === 3 ? new Uint8Array(4096).fill(n) : Buffer.from(`material ${n}`)),
    new Uint8Array(16).fill(n),
  ),
);
const records = keys.map(recordLine);
const ids = keys.map(({ key }) => key.id);
const whole = inside(records);
const withoutTrailer = whole.slice(0, whole.lastIndexOf('{"end"'));

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at]! ^= 0x40;
  return copy;
}

const good = await sealed(whole);
const vectors: [name: string, comment: string, bytes: Buffer, expect: object][] = [
  ['good', 'three keys', good, { keys: ids }],
  ['good-empty', 'no key at all', await sealed(inside([])), { keys: [] }],
  [
    'good-unknown-fields',
    'fields of a later writer of this version are dropped',
    await sealed(inside([records[0]!.replace('{"key"', '{"later":true,"key"')], { header: { ...HEADER, later: 1 } })),
    { keys: ids.slice(0, 1) },
  ],
  ['bad-cut', 'the last byte is missing', good.subarray(0, -1), { failure: 'export-unreadable' }],
  ['bad-bit-in-header', 'one bit of the salt', flipped(good, 40), { failure: 'export-unreadable' }],
  ['bad-bit-in-payload', 'one bit of a record', flipped(good, good.length - 600), { failure: 'export-unreadable' }],
  ['bad-empty', 'no byte', Buffer.alloc(0), { failure: 'export-unreadable' }],
  [
    'bad-work-factor',
    'a work factor of 30',
    Buffer.from(good.toString('latin1').replace(/^(-> scrypt \S+) 4$/m, '$1 30'), 'latin1'),
    { failure: 'export-unreadable' },
  ],
  ['bad-something-else', 'an age file that is no export', await sealed('hello\n'), { failure: 'export-invalid' }],
  [
    'bad-future-version',
    'a version that is not there yet',
    await sealed(inside(records, { header: { ...HEADER, version: 2 } })),
    { failure: 'export-version' },
  ],
  ['bad-no-trailer', 'ends after its records', await sealed(withoutTrailer), { failure: 'export-invalid' }],
  [
    'bad-count',
    'the trailer says one record less',
    await sealed(whole.replace('"count":3', '"count":2')),
    { failure: 'export-invalid' },
  ],
  [
    'bad-digest',
    'two records changed places',
    await sealed(whole.replace(`${records[0]}\n${records[1]}`, `${records[1]}\n${records[0]}`)),
    { failure: 'export-invalid' },
  ],
  [
    'bad-twice',
    'one id twice, with equal content',
    await sealed(inside([records[0]!, records[0]!])),
    { failure: 'export-invalid' },
  ],
  [
    'bad-id',
    'a record whose id does not fit its content',
    await sealed(inside([records[0]!.replace('Büro 1', 'Büro 9')])),
    { failure: 'export-invalid' },
  ],
  [
    'bad-long-line',
    'a line of more than 65,536 bytes',
    await sealed(inside([records[0]!.replace('{"key"', `{"later":"${'x'.repeat(65_536)}","key"`)])),
    { failure: 'export-invalid' },
  ],
  ['bad-more', 'a record behind the trailer', await sealed(`${whole}${records[0]}\n`), { failure: 'export-invalid' }],
];

for (const [name, , bytes] of vectors) writeFileSync(join(import.meta.dirname, `${name}.age`), bytes);
const listed = vectors.map(([name, comment, , expect]) => ({
  file: `${name}.age`,
  comment,
  password: PASSWORD,
  expect,
}));
writeFileSync(join(import.meta.dirname, 'vectors.json'), `${JSON.stringify(listed, null, 2)}\n`);
