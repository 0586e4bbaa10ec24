/**
 * The test vectors of age itself (C2SP CCTV), whole: our header and payload, typage's stanzas as we use them. Each says
 * what must become of it, and what of its content may be handed on before it fails.
 */
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import { inflateSync } from 'node:zlib';
import * as vectors from 'cctv-age';
import { headerMacFits, readAgeHeader } from '#crypto/age/age-header.ts';
import { decryptPayload } from '#crypto/age/age-payload.ts';
import { isScryptStanza, unwrapWithPassphrase } from '#crypto/age/scrypt-stanza.ts';
import { unwrapFileKey } from '#crypto/age-identity.ts';
import { codeOf } from '#domain/errors.ts';
import type { AgeStanza } from '#domain/file-stanza.ts';
import { KeyMaterial } from '#domain/key-material.ts';

interface Vector {
  readonly expect: string;
  readonly armored: boolean;
  readonly payload: string | undefined;
  readonly identities: readonly string[];
  readonly passphrases: readonly string[];
  readonly file: Uint8Array;
}

function readVector(bytes: Uint8Array): Vector {
  const all = Buffer.from(bytes);
  const end = all.indexOf('\n\n');
  const lines = all
    .toString('latin1', 0, end)
    .split('\n')
    .map((line) => line.split(/: (.*)/, 2) as [string, string]);
  const named = (name: string): string[] => lines.filter(([key]) => key === name).map(([, value]) => value);
  const body = all.subarray(end + 2);
  return {
    expect: named('expect')[0]!,
    armored: named('armored').length > 0,
    payload: named('payload')[0],
    identities: named('identity'),
    passphrases: named('passphrase'),
    file: named('compressed').length > 0 ? inflateSync(body) : body,
  };
}

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += 64 * 1024) yield bytes.subarray(at, at + 64 * 1024);
}

async function findFileKey(vector: Vector, stanzas: readonly AgeStanza[]): Promise<Uint8Array | null> {
  // As our own reader does it: a passphrase stanza among others is no passphrase stanza.
  if (stanzas.some(isScryptStanza)) {
    for (const passphrase of vector.passphrases) {
      const fileKey = await unwrapWithPassphrase(stanzas, passphrase);
      if (fileKey !== undefined) return fileKey;
    }
    return null;
  }
  for (const identity of vector.identities) {
    const fileKey = await unwrapFileKey(KeyMaterial.fromText(identity), stanzas);
    if (fileKey !== null) return fileKey;
  }
  return null;
}

/** What became of it, in the words of the vectors, and what was handed on of its content. */
async function open(vector: Vector): Promise<{ readonly outcome: string; readonly content: Buffer }> {
  const content: Uint8Array[] = [];
  const all = (outcome: string) => ({ outcome, content: Buffer.concat(content) });
  let step = 'header failure';
  try {
    const { header, rest } = await readAgeHeader(inPieces(vector.file));
    const fileKey = await findFileKey(vector, header.stanzas);
    if (fileKey === null) return all('no match');
    if (!headerMacFits(header, fileKey)) return all('HMAC failure');
    step = 'payload failure';
    for await (const piece of decryptPayload(fileKey, rest)) content.push(piece);
    return all('success');
  } catch (error) {
    assert.match(codeOf(error), /^(?:file-damaged|file-not-encrypted|record-invalid)$/, String(error));
    return all(step);
  }
}

/** Where ours fails in another step than the vector names, and why that is as good. */
function alsoRight(name: string, expected: string): readonly string[] {
  // Armor comes off as the file is read, so that it fails where it is wrong.
  if (expected === 'armor failure') return ['header failure', 'payload failure'];
  if (expected !== 'header failure') return [];
  // A malformed stanza, or a work factor over the limit, is answered as a wrong passphrase is: nobody learns which.
  if (name.startsWith('scrypt')) return ['no match'];
  // The nonce is counted with the payload here.
  return name === 'stream_no_nonce' || name === 'stream_short_nonce' ? ['payload failure'] : [];
}

/**
 * A whole chunk, last by its mark or by its place but not by both: the reader looks for what follows before it
 * hands a chunk on, so of these it hands on a chunk less than the vector would allow.
 */
const HELD_BACK = /^(?:stream_(?:no_final|trailing_garbage|two_final_chunks)|armor_garbage_encoded$)/;

test('every vector of age is read as it must be, and hands on nothing it must not', async (t) => {
  let plain = 0;
  let armored = 0;
  for (const [name, bytes] of Object.entries(vectors)) {
    const vector = readVector(bytes);
    if (vector.armored) armored += 1;
    else plain += 1;
    const { outcome, content } = await open(vector);
    assert.ok(
      outcome === vector.expect || alsoRight(name, vector.expect).includes(outcome),
      `${name}: ${outcome}, expected ${vector.expect}`,
    );
    if (outcome === 'payload failure' && HELD_BACK.test(name))
      assert.equal(content.length % (64 * 1024), 0, name);
    else if (vector.payload !== undefined)
      assert.equal(hash('sha256', content), vector.payload, `${name}: what was handed on`);
    else assert.equal(content.length, 0, `${name}: nothing may be handed on`);
  }
  t.diagnostic(`${plain} binary vectors, ${armored} armored ones`);
  assert.ok(plain >= 90 && armored >= 30, `${plain} and ${armored} vectors`);
});
