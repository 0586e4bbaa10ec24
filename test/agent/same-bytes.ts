/** Compares large buffers. `deepEqual` would spend minutes on showing how they differ. */
import assert from 'node:assert/strict';

export function sameBytes(actual: Uint8Array, expected: Uint8Array): void {
  if (Buffer.compare(actual, expected) === 0) return;
  const at = actual.findIndex((byte, index) => byte !== expected[index]);
  assert.fail(
    `${actual.length} bytes differ from the ${expected.length} expected at ${at < 0 ? actual.length : at}`,
  );
}
