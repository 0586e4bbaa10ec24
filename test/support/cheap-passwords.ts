/**
 * Loaded into a server before its own program, by tests that claim nothing about passwords: what it seals under one
 * costs nothing to seal and to open. Stretching was most of the time that such a test took.
 */
import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';

const DEAR = 'SCRYPT_WORK_FACTOR = 18;';

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.endsWith('/src/domain/limits.ts')) return loaded;
    const parts = Buffer.from(loaded.source as Uint8Array)
      .toString('utf8')
      .split(DEAR);
    assert.equal(parts.length, 2, 'the work factor is where it was');
    return { ...loaded, source: parts.join('SCRYPT_WORK_FACTOR = 4;') };
  },
});
