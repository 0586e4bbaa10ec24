/**
 * Loaded into a server before its own program, by tests that claim nothing about passwords: what it seals under one
 * costs nothing to seal and to open. Stretching was most of the time that such a test took.
 */
import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';

/** How it reads in the file of limits, and how it is read here. */
const CHEAPER = [
  ['SCRYPT_WORK_FACTOR = 18;', 'SCRYPT_WORK_FACTOR = 4;'],
  ['ARGON2_MEMORY_KIB = 64 * 1024;', 'ARGON2_MEMORY_KIB = 64;'],
] as const;

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.endsWith('/src/domain/limits.ts')) return loaded;
    let source = Buffer.from(loaded.source as Uint8Array).toString('utf8');
    for (const [dear, cheap] of CHEAPER) {
      const parts = source.split(dear);
      assert.equal(parts.length, 2, `the program says ${dear}`);
      source = parts.join(cheap);
    }
    return { ...loaded, source };
  },
});
