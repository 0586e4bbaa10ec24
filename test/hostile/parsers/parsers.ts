/** Every parser of what others write: devices, servers, files, drives, people. */
import { X509Certificate } from 'node:crypto';
import { parseAgeHeader } from '#crypto/age/age-header.ts';
import { parseArguments } from '#cli/arguments.ts';
import { secondsFromText, secondsToText } from '#cli/durations.ts';
import { environmentFrom } from '#cli/environment.ts';
import { loadNouns, NOUNS_NOT_YET } from '#cli/nouns.ts';
import { placesOf } from '#cli/places.ts';
import { claimFromText, claimToText } from '#domain/claim.ts';
import { findDriveTokens } from '#agent/drives/drive-token.ts';
import { canonicalFields, keyFromCanonical } from '#domain/encryption-key.ts';
import { encodeFileStanza, findFileStanza } from '#domain/file-stanza.ts';
import {
  exportHeaderLine,
  exportTrailerLine,
  parseExportHeader,
  parseExportLine,
} from '#domain/export-file.ts';
import { decodeInvitation, encodeInvitation } from '#domain/invitation.ts';
import { BACKUP_LINE_BYTES_MAX } from '#domain/limits.ts';
import { parseLuks2Header } from '#agent/drives/luks2/luks2-header.ts';
import { parseLuks2Metadata } from '#agent/drives/luks2/luks2-metadata.ts';
import { BatchLines } from '#domain/transmission.ts';
import { errorFromProblem, problemOf } from '#protocol/problem.ts';
import { checkProtocolVersion, PROTOCOL_VERSION } from '#protocol/version.ts';
import { keyFromWire, keyToWire } from '#protocol/wire-key.ts';
import {
  backupInvalid,
  backupLineTooLong,
  headerLine,
  pageLines,
  parseHeader,
  parseLine,
} from '#server/backup/backup-lines.ts';
import { readLine } from '#server/hierarchy/batch.ts';
import { LineCutter } from '#domain/line-cutter.ts';
import { fieldsPattern, idPattern } from '#store/key-text.ts';
import { certificateName, parseAddress } from '#transport/address.ts';
import { createAuthority, issueMemberCertificate } from '#transport/authority.ts';
import { readLeaf } from '#transport/certificate-fields.ts';
import { checkPublicKey, makeKeyPair } from '#transport/key-pair.ts';
import { readAuthority } from '#transport/trusted-authority.ts';
import { lineOf } from '#test/support/batch-lines.ts';
import { makeSomeKey } from '#test/support/some-key.ts';
import {
  CLAIM,
  CLAIM_TEXT,
  driveJson,
  KEY_ID,
  luksFront,
  UUID,
} from '../../agent/drives/luks2/luks2-front.ts';
import type { Parser } from './parser.ts';
import { schemaParsers } from './schema-parsers.ts';

const text = (...inputs: readonly string[]): Buffer[] => inputs.map((input) => Buffer.from(input));
const key = makeSomeKey();
const NOUNS = await loadNouns();
const MAC = 'A'.repeat(43);
const isSyntaxError = (error: unknown): boolean => error instanceof SyntaxError;

function demand(holds: boolean, what: string): void {
  if (!holds) throw new Error(`broken: ${what}`);
}

const INVITATION = encodeInvitation({
  kind: 'device',
  server: { id: UUID, name: 'Office' },
  addresses: ['office.example:8443', '[2001:db8::1]:8443'],
  authority: 'a'.repeat(64),
  secret: 'A'.repeat(43),
  expiresAt: '2026-01-31T08:00:00.000Z',
});

const EXPORT_HEADER = exportHeaderLine({
  server: { id: UUID, name: 'Office' },
  createdAt: '2026-01-31T08:00:00.000Z',
  selection: {},
});

const BACKUP_HEADER = headerLine({
  backup: UUID,
  server: { id: UUID, name: 'Office' },
  epoch: '0'.repeat(32),
  createdAt: '2026-01-31T08:00:00.000Z',
  program: '0.1.0',
  keys: 1,
  auditLines: 1,
  rootKey: { sealKey: new Uint8Array(32), wrapped: new Uint8Array(72) },
});
const BACKUP_ROWS = pageLines({
  table: 'cursors',
  rows: [{ memberId: UUID, epoch: '0'.repeat(32), rank: 1, seq: 1, chain: new Uint8Array(32) }],
});

async function certificates(): Promise<Buffer[]> {
  const authority = await createAuthority({ serverId: UUID, now: Date.now() });
  const { publicKey } = makeKeyPair();
  const leaf = await issueMemberCertificate(authority, { memberId: UUID, publicKey, now: Date.now() });
  return [authority.certificatePem, leaf].map((pem) => new X509Certificate(pem).raw);
}

/** A batch in pieces of every size the bytes themselves say. */
function cutLines(input: Buffer): void {
  const lines = new BatchLines();
  for (let at = 0; at < input.length; ) {
    const size = 1 + (input[at]! % 7);
    lines.push(input.subarray(at, at + size));
    at += size;
  }
  lines.end();
}

function cutFile(input: Buffer): void {
  const cutter = new LineCutter(BACKUP_LINE_BYTES_MAX, backupLineTooLong);
  const cut = [...cutter.push(input.subarray(0, 100)), ...cutter.push(input.subarray(100))];
  const rest = cutter.rest();
  const whole = Buffer.concat(rest === undefined ? cut : [...cut, rest]);
  demand(whole.equals(input), 'lines are all of the bytes, in order');
}

/** The one spelling: what is read says the same again. */
function readClaim(input: Buffer): void {
  const said = input.toString('latin1');
  demand(claimToText(claimFromText(said)) === said, 'a claim has one spelling');
}

function readStanza(input: Buffer): void {
  const args = input.toString('latin1').split(' ');
  const found = findFileStanza([{ args, body: new Uint8Array(0) }]);
  demand(encodeFileStanza(found).join(' ') === args.join(' '), 'a stanza has one spelling');
}

function readWire(input: Buffer): void {
  const value: unknown = JSON.parse(input.toString('utf8'));
  const read = keyFromWire(value).complete;
  const again = keyToWire(keyFromWire(keyToWire(read)).complete);
  demand(JSON.stringify(again) === JSON.stringify(keyToWire(read)), 'a key is the same after a journey');
}

export async function makeParsers(): Promise<readonly Parser[]> {
  const wire = JSON.stringify(keyToWire(key));
  const problem = JSON.stringify(problemOf(backupInvalid('it is not whole')));
  return [
    { name: 'claim', valid: text(CLAIM_TEXT, claimToText(key.claim)), read: readClaim },
    {
      name: 'file stanza',
      valid: text(encodeFileStanza({ keyId: KEY_ID, claim: CLAIM }).join(' ')),
      read: readStanza,
    },
    {
      name: 'age header',
      valid: text(
        `age-encryption.org/v1\n-> X25519 ${MAC}\n${MAC}\n-> keystair ${KEY_ID} ${CLAIM_TEXT}\n\n--- ${MAC}\n`,
      ),
      read: parseAgeHeader,
    },
    {
      name: 'export header',
      valid: text(EXPORT_HEADER),
      read: (input) => parseExportHeader(input.toString()),
    },
    {
      name: 'export line',
      valid: text(wire, exportTrailerLine(3, '0'.repeat(64))),
      read: (input) => parseExportLine(input.toString(), 7),
    },
    { name: 'backup header', valid: text(BACKUP_HEADER), read: (input) => parseHeader(input.toString()) },
    { name: 'backup line', valid: text(BACKUP_ROWS), read: (input) => parseLine(input.toString(), 7) },
    { name: 'lines of a file', valid: text(BACKUP_ROWS.repeat(3)), read: cutFile },
    { name: 'invitation', valid: text(INVITATION), read: (input) => decodeInvitation(input.toString()) },
    {
      name: 'address',
      valid: text('office.example:8443', '[2001:db8::1]:443', '192.0.2.1:1'),
      read: (input) => [parseAddress(input.toString()), certificateName(input.toString())],
    },
    {
      name: 'duration',
      valid: text('90s', '15m', '36h', '7d', '3600'),
      read(input) {
        const seconds = secondsFromText(input.toString());
        if (seconds !== undefined)
          demand(secondsFromText(secondsToText(seconds)) === seconds, 'it is said again');
      },
    },
    {
      name: "a drive's header",
      valid: [luksFront({ json: driveJson(), uuid: UUID })],
      read: (input) => findDriveTokens(parseLuks2Header(input)),
      oneOf: 4,
    },
    {
      name: "a drive's metadata and tokens",
      valid: text(JSON.stringify(driveJson())),
      read(input) {
        const metadata = parseLuks2Metadata(input.toString());
        return metadata === undefined ? undefined : findDriveTokens(metadata);
      },
    },
    { name: 'line of a batch', valid: text(lineOf(key)), read: (input) => readLine(input.toString()) },
    { name: 'batch in pieces', valid: text(`${lineOf(key)}\n`.repeat(3)), read: cutLines },
    { name: 'key on the wire', valid: text(wire), read: readWire, refuses: isSyntaxError },
    {
      name: 'fields of a row',
      valid: text(canonicalFields(key.key)),
      read: (input) => keyFromCanonical(KEY_ID, input.toString()),
    },
    {
      name: 'problem document',
      valid: text(problem),
      read: (input) => errorFromProblem(409, JSON.parse(input.toString())),
      refuses: isSyntaxError,
    },
    {
      name: 'protocol version',
      valid: text(String(PROTOCOL_VERSION)),
      read: (input) => checkProtocolVersion(input.toString('latin1'), 'caller'),
    },
    {
      name: 'command line',
      valid: text(
        'keys list --find TEXT --json',
        'server start --data DIR --listen 127.0.0.1:0',
        'agent enrol - --state D',
      ),
      read: (input) =>
        parseArguments(input.toString().split(' '), NOUNS, NOUNS_NOT_YET, placesOf(environmentFrom({}))),
    },
    {
      name: 'text of a search',
      valid: text('laptop', '0192f0', '50% \\ _'),
      read: (input) => [fieldsPattern(input.toString()), idPattern(input.toString())],
    },
    {
      name: 'certificate',
      valid: await certificates(),
      // What OpenSSL does not read at all never comes out of a handshake.
      read: (input) => {
        const certificate = new X509Certificate(input);
        return [readLeaf(certificate), readAuthority(certificate)];
      },
      refuses: (error) =>
        error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_OSSL'),
      oneOf: 10,
    },
    { name: 'public key', valid: [makeKeyPair().publicKey], read: checkPublicKey, oneOf: 4 },
    ...schemaParsers(wire),
  ];
}
