/** Signed notes and checkpoints: the examples of the specification verify, ours verify, and nothing else does. */
import assert from 'node:assert/strict';
import { createHash, verify as verifyBytes } from 'node:crypto';
import { test } from 'node:test';
import { noteSigner, verifyNote } from '#crypto/note-keys.ts';
import {
  type Checkpoint,
  checkpointText,
  originOf,
  parseCheckpoint,
  parseOrigin,
} from '#domain/checkpoint.ts';
import {
  noteText,
  parseNote,
  parseVerifierKey,
  SIGNATURE_TYPES,
  type SignatureType,
  verifierKeyText,
} from '#domain/signed-note.ts';
import { createPublicKey } from 'node:crypto';

/** From C2SP signed-note, tlog-checkpoint and tlog-cosignature. */
const EXAMPLE_KEY = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k';
const EXAMPLE_NOTE = `This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
`;
const EXAMPLE_CHECKPOINT = `example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
`;

const TYPES = Object.keys(SIGNATURE_TYPES) as SignatureType[];
const checkpoint: Checkpoint = {
  origin: originOf('019a2b3c-4d5e-7f60-8a1b-2c3d4e5f6071', 'ab'.repeat(16)),
  size: 1234,
  root: createHash('sha256').update('root').digest(),
};
const AT = Date.parse('2026-05-01T12:00:00.900Z');
const seed = (name: string): Buffer => createHash('sha256').update(name).digest();
const signers = TYPES.map((type) => noteSigner(checkpoint.origin, type, seed(type)));
const note = noteText(
  checkpointText(checkpoint),
  signers.map((one) => one.sign(checkpoint, AT)),
);
const keys = signers.map(({ verifierKey }) => verifierKey);

test("the specification's example of a note and its verifier key fit each other", () => {
  const key = parseVerifierKey(EXAMPLE_KEY)!;
  const parsed = parseNote(EXAMPLE_NOTE)!;
  assert.equal(parsed.text, 'This is an example message.\n');
  assert.equal(parsed.signatures[0]!.name, key.name);
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), key.publicKey]);
  const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  assert.ok(verifyBytes(null, Buffer.from(parsed.text), publicKey, parsed.signatures[0]!.signature));
  assert.equal(verifierKeyText(key), EXAMPLE_KEY);
  // It is a note, and no checkpoint.
  assert.equal(verifyNote(EXAMPLE_NOTE, [key]), undefined);
});

test("the specification's example of a checkpoint is read, and written back byte for byte", () => {
  const { text, signatures } = parseNote(EXAMPLE_CHECKPOINT)!;
  const read = parseCheckpoint(text)!;
  assert.equal(read.size, 20_852_163);
  assert.equal(noteText(checkpointText(read), signatures), EXAMPLE_CHECKPOINT);
});

test('a checkpoint of ours is verified by each of its keys alone, and by all', () => {
  for (const some of [...keys.map((key) => [key]), keys]) {
    const verified = verifyNote(note, some)!;
    assert.deepEqual(verified.by, some);
    assert.equal(checkpointText(verified.checkpoint), checkpointText(checkpoint));
    const timed = some.some(({ type }) => type !== 'ed25519');
    assert.equal(verified.at, timed ? Math.floor(AT / 1000) * 1000 : null);
  }
  for (const key of keys)
    assert.deepEqual(parseVerifierKey(verifierKeyText(key)), {
      ...key,
      publicKey: Buffer.from(key.publicKey),
    });
});

test('the post-quantum signature covers what tlog-cosignature says, field by field', () => {
  const at = TYPES.indexOf('cosignature-ml-dsa-44');
  const { signature } = signers[at]!.sign(checkpoint, AT);
  const number = (value: number) => Buffer.from(value.toString(16).padStart(16, '0'), 'hex');
  const { origin } = checkpoint;
  const message = Buffer.concat([
    Buffer.from('737562747265652f76310a00', 'hex'),
    Buffer.of(origin.length),
    Buffer.from(origin),
    number(Math.floor(AT / 1000)),
    Buffer.of(origin.length),
    Buffer.from(origin),
    number(0),
    number(checkpoint.size),
    checkpoint.root,
  ]);
  const spki = Buffer.concat([
    Buffer.from('30820532300b06096086480165030403110382052100', 'hex'),
    keys[at]!.publicKey,
  ]);
  const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  assert.equal(publicKey.asymmetricKeyType, 'ml-dsa-44');
  assert.equal(signature.length, 8 + 2420);
  assert.deepEqual(Buffer.from(signature.subarray(0, 8)), number(Math.floor(AT / 1000)));
  assert.ok(verifyBytes(null, message, publicKey, signature.subarray(8)));
});

test('a note whose text, signature or key was changed by one character is refused', () => {
  for (const [at, key] of keys.entries()) {
    const lines = note.split('\n');
    const line = lines[4 + at]!;
    for (const place of [line.length - 12, line.length - 40]) {
      const other = line[place] === 'A' ? 'B' : 'A';
      const bent = line.slice(0, place) + other + line.slice(place + 1);
      assert.equal(verifyNote(lines.with(4 + at, bent).join('\n'), [key]), undefined, key.type);
    }
    assert.equal(verifyNote(lines.with(1, '1235').join('\n'), [key]), undefined);
    const stranger = noteSigner(checkpoint.origin, key.type, seed('another')).verifierKey;
    assert.equal(verifyNote(note, [stranger]), undefined);
    assert.deepEqual(
      verifyNote(note, [stranger, key])?.by,
      [key],
      'a key that did not sign takes nothing away',
    );
  }
});

test('what is no note, no checkpoint or no verifier key is refused without an exception', () => {
  const [first, ...rest] = note.split('\n');
  for (const wrong of [
    '',
    '\n',
    '\n\n',
    first!,
    `${first}\n\n`,
    note.slice(0, -1),
    note.replace('\n\n', '\n'),
    note.replace('1234', '01234'),
    note.replace('1234', '-1'),
    note.replace('1234', '12345678901234567890'),
    note.replace('\n\n', '\nan extension\n\n'),
    note.replace('— ', '- '),
    `${note}— x AAAAAAAA\n`.repeat(20),
    note + '\0',
    rest.join('\n'),
  ]) {
    assert.equal(verifyNote(wrong, keys), undefined, JSON.stringify(wrong.slice(0, 60)));
  }
  const text = verifierKeyText(keys[0]!);
  for (const wrong of [
    '',
    'x',
    text.slice(0, -1),
    `${text}\n`,
    text.replace('+', '++'),
    text.replace(/\+([0-9a-f])/, '+0'),
  ]) {
    if (wrong !== text) assert.equal(parseVerifierKey(wrong), undefined, wrong);
  }
  assert.equal(parseOrigin('keystair/x/y'), undefined);
  assert.deepEqual(parseOrigin(checkpoint.origin)?.epoch, 'ab'.repeat(16));
});
