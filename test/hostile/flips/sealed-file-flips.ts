/**
 * Bits of the files that travel and lie about: the key file, export, backup, an encrypted file, a drive's header. None
 * may be read as anything but what it was.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { headerMacFits, readAgeHeader } from '#crypto/age/age-header.ts';
import { decryptPayload, encryptPayload } from '#crypto/age/age-payload.ts';
import { makeAgeHeader } from '#crypto/age/make-age-header.ts';
import { makeAgeIdentity, unwrapFileKey } from '#crypto/age-identity.ts';
import { openExport } from '#crypto/export-envelope/open-export.ts';
import { prepareSeal } from '#crypto/export-envelope/seal-export.ts';
import { createKeyFile, readKeyFile } from '#crypto/seal/key-file.ts';
import { findDriveTokens } from '#agent/drives/drive-token.ts';
import { KeystairError } from '#domain/errors.ts';
import { encodeFileStanza, findFileStanza } from '#domain/file-stanza.ts';
import { KeyMaterial } from '#domain/key-material.ts';
import { parseLuks2Header } from '#agent/drives/luks2/luks2-header.ts';
import { CountedEvents } from '#server/audit/counted-events.ts';
import { Refusals } from '#server/audit/refusals.ts';
import { readBackup } from '#server/backup/read-backup.ts';
import { prepareBackup, sendBackup } from '#server/backup/write-backup.ts';
import { openRepository } from '#server/start/create-repository.ts';
import { readExportFile } from '#server/transfer/read-export-file.ts';
import { makeSomeKey } from '#test/support/some-key.ts';
import {
  CLAIM,
  driveJson,
  KEY_ID,
  luksFront,
  patchJson,
  UUID,
} from '../../agent/drives/luks2/luks2-front.ts';
import { inside, recordLine } from '../../server/transfer/plain-export.ts';
import { clock, quiet, random } from '../ports.ts';
import { copyDatabase, type FlipSite, openStoreIn } from './data-directory.ts';
import { flipped, type FlipClass, type Outcome } from './flip.ts';
import { ADMINISTRATOR } from '#test/support/administrator.ts';

const PASSWORD = 'plum-river-candle-9-otter';
/** Two bits away from any that would cost a second. */
const WORK_FACTOR = 1;

export async function* inOnePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

async function bytesOf(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of source) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** A file of which every byte counts: whatever is turned over, it is refused. */
function refusedWhole(name: string, bytes: Uint8Array, read: (bytes: Buffer) => Promise<unknown>): FlipClass {
  return {
    name,
    async run(dice): Promise<Outcome> {
      const { bytes: changed, at } = flipped(bytes, dice);
      try {
        await read(changed);
      } catch (error) {
        if (error instanceof KeystairError) return 'found';
        return { wrong: `byte ${at}: it is refused without a code: ${String(error)}` };
      }
      return { wrong: `byte ${at}: it is read as if nothing were` };
    },
  };
}

async function exportFlips(): Promise<FlipClass> {
  const records = Array.from({ length: 5 }, () => recordLine(makeSomeKey()));
  const to = { kind: 'password', password: KeyMaterial.fromText(PASSWORD) } as const;
  const seal = await prepareSeal(to, { random, workFactor: WORK_FACTOR });
  const file = await bytesOf(seal.seal(inOnePiece(Buffer.from(inside(records)))));
  return refusedWhole('an export file', file, async (bytes) => {
    const keys = { password: KeyMaterial.fromText(PASSWORD), identities: async () => [] };
    for await (const page of readExportFile(openExport(inOnePiece(bytes), keys))) void page;
  });
}

async function backupFlips(site: FlipSite, folder: string): Promise<FlipClass> {
  const directory = join(folder, 'backup');
  copyDatabase(site.stopped, directory);
  const store = await openStoreIn(directory);
  try {
    const repository = await openRepository({ store, clock, random, log: quiet }, site.sealKey, undefined);
    const refusals = new Refusals(new CountedEvents(repository.audit, clock));
    const ports = { ...repository, store, clock, random, log: quiet, refusals, workFactor: WORK_FACTOR };
    let file: Uint8Array = new Uint8Array(0);
    const request = { password: PASSWORD };
    await sendBackup(ports, ADMINISTRATOR, await prepareBackup(ports, 'some', request), async ({ bytes }) => {
      file = await bytesOf(bytes);
    });
    return refusedWhole('a backup file', file, async (bytes) => {
      for await (const page of readBackup(inOnePiece(bytes), PASSWORD)) void page;
    });
  } finally {
    await store.close();
  }
}

async function ageFlips(): Promise<FlipClass> {
  const { identity, recipient } = await makeAgeIdentity('age-x25519');
  const { header, fileKey } = await makeAgeHeader([recipient], () => [
    { args: encodeFileStanza({ keyId: KEY_ID, claim: CLAIM }), body: new Uint8Array(0) },
  ]);
  const payload = await bytesOf(encryptPayload(fileKey, random(16), inOnePiece(random(500))));
  return refusedWhole('an encrypted file', Buffer.concat([header, payload]), async (bytes) => {
    const { header: read, rest } = await readAgeHeader(inOnePiece(bytes));
    findFileStanza(read.stanzas);
    const others = read.stanzas.filter(({ args }) => args[0] !== 'keystair');
    const key = await unwrapFileKey(identity, others);
    if (key === null || !headerMacFits(read, key))
      throw new KeystairError('file-damaged', 'the header is not of this key', { nextStep: 'none' });
    for await (const piece of decryptPayload(key, rest)) void piece;
  });
}

function keyFileFlips(site: FlipSite, folder: string): FlipClass {
  const path = join(folder, 'root.key');
  const key = createKeyFile(path, () => site.sealKey);
  const file = readFileSync(path);
  return {
    name: 'the key file',
    async run(dice): Promise<Outcome> {
      const place = mkdtempSync(join(tmpdir(), 'keystair-flips-'));
      try {
        writeFileSync(join(place, 'root.key'), flipped(file, dice).bytes, { mode: 0o600 });
        const read = readKeyFile(join(place, 'root.key'));
        // A comment may say what it likes.
        if (Buffer.compare(read, key) === 0) return 'same';
        copyDatabase(site.stopped, place);
        const store = await openStoreIn(place);
        try {
          await openRepository({ store, clock, random, log: quiet }, read, undefined);
        } finally {
          await store.close();
        }
        return { wrong: 'another root key opens this server' };
      } catch (error) {
        return error instanceof KeystairError ? 'found' : { wrong: String(error) };
      } finally {
        rmSync(place, { recursive: true });
      }
    },
  };
}

/** What a drive's header says, as far as anybody acts on it. */
function driveSays(front: Uint8Array): string {
  const header = parseLuks2Header(front);
  const { tokens } = findDriveTokens(header);
  const { uuid, label, json } = header;
  const seen = tokens.map(({ keyId, claim, keyslots }) => ({ keyId, claim: [...claim], keyslots }));
  return JSON.stringify({ uuid, label, seqid: String(header.seqid), json, seen });
}

function judgeDrive(front: Uint8Array, changed: Uint8Array): Outcome {
  try {
    return driveSays(changed) === driveSays(front) ? 'same' : { wrong: 'the header is read as another' };
  } catch (error) {
    return error instanceof KeystairError ? 'found' : { wrong: `without a code: ${String(error)}` };
  }
}

/** One copy is damaged, and the other counts. */
function driveFlips(): FlipClass {
  const front = luksFront({ json: driveJson(), uuid: UUID });
  return {
    name: "a drive's header",
    run: async (dice) => judgeDrive(front, flipped(front, dice).bytes),
  };
}

/** Somebody turned a bit of the token in both copies and made the checksums fit. */
function driveTokenFlips(): FlipClass {
  const front = luksFront({ json: driveJson(), uuid: UUID });
  return {
    name: "a drive's token, under checksums that fit",
    async run(dice): Promise<Outcome> {
      const changed = Buffer.from(front);
      const field = dice.pick(['key', 'claim', 'type'] as const);
      patchJson(changed, (json) => {
        const token = (json['tokens'] as Record<string, Record<string, string>>)['0']!;
        const text = Buffer.from(token[field]!, 'latin1');
        const bit = flipped(text, dice).bytes;
        // As JSON may carry it: the flipped byte as the character of its number.
        token[field] = bit.toString('latin1');
      });
      try {
        const { tokens } = findDriveTokens(parseLuks2Header(changed));
        const same = tokens.some(
          ({ keyId, claim }) => keyId === KEY_ID && Buffer.compare(claim, CLAIM) === 0,
        );
        // Another id is an unknown key, another claim the wrong one: both are refused by whoever holds the key.
        return same ? { wrong: 'an altered token is read as it was' } : 'found';
      } catch (error) {
        return error instanceof KeystairError ? 'found' : { wrong: `without a code: ${String(error)}` };
      }
    },
  };
}

export async function sealedFileFlips(site: FlipSite, folder: string): Promise<FlipClass[]> {
  return [
    keyFileFlips(site, folder),
    await exportFlips(),
    await backupFlips(site, folder),
    await ageFlips(),
    driveFlips(),
    driveTokenFlips(),
  ];
}
