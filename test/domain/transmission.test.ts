/** Cutting a transmission into lines, however it arrives. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { KeystairError } from '#domain/errors.ts';
import {
  PUT_OFF_MS_DEFAULT,
  TRANSMISSION_BYTES_MAX,
  TRANSMISSION_KEYS_MAX,
  TRANSMISSION_LINE_BYTES_MAX,
} from '#domain/limits.ts';
import { BatchLines, boundPutOff } from '#domain/transmission.ts';

const isCode = (code: string) => (error: unknown) => (error as KeystairError).code === code;

void test('a batch reads the same whatever the pieces it arrives in', () => {
  const lines = fc.array(
    fc.string({ unit: 'grapheme', maxLength: 30 }).map((line) => line.replaceAll('\n', '')),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(lines, fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), (list, sizes) => {
      const bytes = Buffer.from(list.map((line) => `${line}\n`).join(''));
      const splitter = new BatchLines();
      const read: string[] = [];
      for (let at = 0, turn = 0; at < bytes.length; turn++) {
        const size = sizes[turn % sizes.length]!;
        read.push(...splitter.push(bytes.subarray(at, at + size)));
        at += size;
      }
      splitter.end();
      assert.deepEqual(read, list);
    }),
  );
});

void test('a batch that ends in the middle of a line is not whole', () => {
  const splitter = new BatchLines();
  splitter.push(Buffer.from('{"a":1}\n{"b"'));
  assert.throws(() => splitter.end(), isCode('batch-incomplete'));
});

void test('a body that never ends is cut off at the limits', () => {
  const endlessLine = new BatchLines();
  assert.throws(() => {
    for (let sent = 0; sent < TRANSMISSION_BYTES_MAX; sent += 4096)
      endlessLine.push(Buffer.alloc(4096, 0x61));
  }, isCode('request-too-large'));
  const endlessLines = new BatchLines();
  assert.throws(() => {
    for (let lines = 0; lines < TRANSMISSION_KEYS_MAX + 10; lines++) endlessLines.push(Buffer.from('x\n'));
  }, isCode('request-too-large'));
  const manyBytes = new BatchLines();
  const line = Buffer.alloc(TRANSMISSION_LINE_BYTES_MAX, 0x61);
  line[line.length - 1] = 10;
  assert.throws(() => {
    for (let sent = 0; sent <= TRANSMISSION_BYTES_MAX; sent += line.length) manyBytes.push(line);
  }, isCode('request-too-large'));
});

test('a long line in pieces of one byte costs no more than its bytes', () => {
  const lines = new BatchLines();
  const line = Buffer.alloc(60 * 1024, 0x78);
  const before = process.cpuUsage();
  // Copied anew for each piece, these would be 20 GB.
  for (let times = 0; times < 10; times += 1) {
    for (let at = 0; at < line.length; at += 1) lines.push(line.subarray(at, at + 1));
    assert.deepEqual(lines.push(Buffer.from('\n')), [line.toString()]);
  }
  const { user, system } = process.cpuUsage(before);
  const seconds = (user + system) / 1_000_000;
  assert.ok(seconds < 2, `${seconds} s of processor time`);
});

void test('no primary makes a secondary wait longer than one heartbeat, or send without a pause', () => {
  // As docs/PROTOCOL.md has it.
  const [least, most] = [5000, 900_000];
  const told = [undefined, 0, most - 1, Number.MAX_SAFE_INTEGER];
  assert.deepEqual(
    told.map((waitMs) => boundPutOff(waitMs)),
    [PUT_OFF_MS_DEFAULT, least, most - 1, most],
  );
});
