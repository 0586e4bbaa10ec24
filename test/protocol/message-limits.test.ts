/**
 * Each text and list of a message between machines is taken up to its limit, and refused with one more. The limits are
 * written here as docs/PROTOCOL.md has them, so that whoever takes one out of the program is told.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { z } from 'zod';
import { formed } from '#protocol/forms.ts';
import * as message from '#protocol/messages.ts';
import { errorFromProblem } from '#protocol/problem.ts';
import { REPORTED_DRIVE } from '#test/support/reported-drive.ts';

const SERVER = { id: '01a1f7f8-3000-74e3-b020-e07ad3bca24f', name: 'Oslo' };
const CHAIN = '0'.repeat(64);
const POSITION = { seq: 0, chain: CHAIN };
const OPTIONS = { useHierarchy: true, dmz: false };
const RENEWED = { certificate: 'PEM', authority: 'PEM', addresses: ['oslo:7443'] };
const SAID = { name: 'Lyon', ...OPTIONS, epoch: '0'.repeat(32), ...POSITION, treeDigest: '0'.repeat(16) };
const HEARD = { name: 'Oslo', ...OPTIONS, acknowledged: POSITION };
const KEYS = ['oslo+1234+key'];
const CHECKPOINT = { note: 'note', keys: KEYS, from: 0, proof: [], ofPrimary: null };

const text = (length: number): string => 'x'.repeat(length);
const list = <T>(length: number, one: T): T[] => Array.from({ length }, () => one);

interface Limit {
  readonly limit: string;
  readonly most: number;
  readonly form: z.ZodType;
  /** Messages with so much of it, in each place where it may be. */
  readonly messages: (count: number) => readonly object[];
}

const refused = (count: number, reason: string, id = SERVER.id) => ({
  outcome: 'received',
  acknowledged: POSITION,
  refused: list(count, { seq: 1, id, reason }),
  ...OPTIONS,
});
const told = (more: object) => ({ ...SAID, checkpoint: { ...CHECKPOINT, ...more } });
const unwrap = (more: object) => ({
  id: SERVER.id,
  claim: Buffer.alloc(16).toString('base64').replaceAll('=', ''),
  stanzas: [{ args: ['X25519'], body: '', ...more }],
});
const held = (origin: string) => ({ ...HEARD, log: { held: { origin, size: 0, root: CHAIN } } });
const drives = (more: object) => ({
  name: 'PC',
  receipts: { count: 0, digest: CHAIN },
  drives: { digest: '0'.repeat(16), report: { drives: [], left: 0, problem: null, ...more } },
});

const LIMITS: readonly Limit[] = [
  {
    limit: 'CERTIFICATE_LENGTH_MAX',
    most: 8192,
    form: message.RenewAnswer,
    messages: (count) => [
      { ...RENEWED, certificate: text(count) },
      { ...RENEWED, authority: text(count) },
    ],
  },
  {
    limit: 'CERTIFICATE_LENGTH_MAX of who joins',
    most: 8192,
    form: message.JoinAnswer,
    messages: (count) => [{ server: SERVER, ...RENEWED, ...OPTIONS, certificate: text(count) }],
  },
  {
    limit: 'REFUSED_REASON_LENGTH_MAX',
    most: 1000,
    form: message.TransmissionAnswer,
    messages: (count) => [refused(1, text(count))],
  },
  {
    limit: 'TRANSMISSION_KEYS_MAX in an answer',
    most: 2000,
    form: message.TransmissionAnswer,
    messages: (count) => [refused(count, 'no key')],
  },
  {
    limit: 'RECOVERY_PAGE_KEYS in an answer',
    most: 500,
    form: message.RecoverAnswer,
    messages: (count) => [
      { outcome: 'keys', keys: list(count, { key: {} }), notGiven: [] },
      { outcome: 'keys', keys: [], notGiven: list(count, { id: SERVER.id, reason: 'unknown' }) },
    ],
  },
  {
    limit: 'DEVICE_PAGE_MAX in an answer',
    most: 100,
    form: message.MissingReceiptsAnswer,
    messages: (count) => [{ missing: list(count, SERVER.id) }],
  },
  {
    limit: 'INVITATION_SECRET_LENGTH_MAX',
    most: 128,
    form: message.JoinRequest,
    messages: (count) => [{ secret: text(count), ...SERVER, kind: 'device' }],
  },
  {
    limit: 'LINE_ID_LENGTH_MAX',
    most: 36,
    form: message.TransmissionAnswer,
    messages: (count) => [refused(1, 'no key', text(count))],
  },
  {
    limit: 'STANZA_ARGS_MAX',
    most: 16,
    form: message.UnwrapRequest,
    messages: (count) => [unwrap({ args: list(count, 'X25519') })],
  },
  {
    limit: 'STANZA_ARG_LENGTH_MAX',
    most: 4096,
    form: message.UnwrapRequest,
    messages: (count) => [unwrap({ args: [text(count)] })],
  },
  {
    limit: 'STANZA_BODY_LENGTH_MAX',
    most: 16_384,
    form: message.UnwrapRequest,
    messages: (count) => [unwrap({ body: text(count) })],
  },
  {
    limit: 'FILE_KEY_LENGTH_MAX',
    most: 24,
    form: message.UnwrapAnswer,
    messages: (count) => [{ outcome: 'found', fileKey: text(count), source: SERVER }],
  },
  {
    limit: 'HEARTBEAT_INTERVAL_MS_MAX',
    most: 604_800_000,
    form: message.HeartbeatRequest,
    messages: (count) => [{ ...SAID, heartbeatMs: count }],
  },
  {
    limit: 'NOTE_LENGTH_MAX',
    most: 8192,
    form: message.HeartbeatRequest,
    messages: (count) => [told({ note: text(count) })],
  },
  {
    limit: 'NOTE_LENGTH_MAX of countersignatures',
    most: 8192,
    form: message.HeartbeatAnswer,
    messages: (count) => [
      { ...HEARD, log: { held: null, cosigned: { signatures: text(count), keys: KEYS } } },
      { ...HEARD, log: { held: null, own: { ...CHECKPOINT, note: text(count) } } },
    ],
  },
  {
    limit: 'VERIFIER_KEY_LENGTH_MAX',
    most: 2560,
    form: message.HeartbeatRequest,
    messages: (count) => [told({ keys: [text(count)] })],
  },
  {
    limit: 'VERIFIER_KEYS_MAX',
    most: 2,
    form: message.HeartbeatRequest,
    messages: (count) => [told({ keys: list(count, 'oslo+1234+key') })],
  },
  {
    limit: 'PROOF_HASHES_MAX',
    most: 128,
    form: message.HeartbeatRequest,
    messages: (count) => [told({ proof: list(count, Buffer.alloc(32).toString('base64')) })],
  },
  {
    limit: 'ORIGIN_LENGTH_MAX',
    most: 128,
    form: message.HeartbeatRequest,
    messages: (count) => [told({ ofPrimary: { origin: text(count), size: 0 } })],
  },
  {
    limit: 'ORIGIN_LENGTH_MAX in an answer',
    most: 128,
    form: message.HeartbeatAnswer,
    messages: (count) => [held(text(count))],
  },
  {
    limit: 'DRIVES_REPORTED_MAX',
    most: 64,
    form: message.DeviceHeartbeatRequest,
    messages: (count) => [drives({ drives: list(count, REPORTED_DRIVE) })],
  },
  {
    limit: 'DRIVE_TEXT_LENGTH_MAX',
    most: 128,
    form: message.DeviceHeartbeatRequest,
    messages: (count) =>
      ['path', 'uuid', 'label', 'serial', 'model'].map((field) =>
        drives({ drives: [{ ...REPORTED_DRIVE, [field]: text(count) }] }),
      ),
  },
  {
    limit: 'DRIVE_PROBLEM_LENGTH_MAX',
    most: 600,
    form: message.DeviceHeartbeatRequest,
    messages: (count) => [
      drives({ problem: text(count) }),
      drives({ drives: [{ ...REPORTED_DRIVE, problem: text(count) }] }),
    ],
  },
];

for (const { limit, most, form, messages } of LIMITS) {
  test(`a message within ${limit} is taken, and one over it is not`, () => {
    for (const one of messages(most)) {
      const read = formed(form, one);
      assert.ok(read.ok, JSON.stringify(read).slice(0, 300));
    }
    for (const one of messages(most + 1)) assert.ok(!formed(form, one).ok);
  });
}

const problem = (more: object) => ({
  type: 'about:blank',
  title: 'later',
  status: 429,
  code: 'later',
  detail: 'not now',
  ...more,
});

test('a problem within SENTENCE_LENGTH_MAX is taken, and one over it is none', () => {
  const most = 32_768;
  for (const field of ['detail', 'nextStep']) {
    assert.equal(errorFromProblem(429, problem({ [field]: text(most) })).code, 'later');
    assert.equal(errorFromProblem(429, problem({ [field]: text(most + 1) })).code, 'internal');
  }
});

test('a step within PATH_LENGTH_MAX is taken, and of one over it the sentence alone', () => {
  const most = 4096;
  const stepOf = (length: number) => {
    const step = { name: 'break-ring', details: { server: text(length) } };
    return errorFromProblem(429, problem({ nextStep: 'leave', step })).notice;
  };
  assert.equal(stepOf(most).step?.details['server']?.length, most);
  assert.deepEqual(stepOf(most + 1), { sentence: 'not now', nextStep: 'leave' });
});
