/** cryptsetup uses what our parser judges: whatever the two read differently is refused, and nothing is written to it. */
import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { proveDriveOpens } from '#agent/drives/open-drive.ts';
import { codeOf } from '#domain/errors.ts';
import { unlessInstalled } from '../system-tools.ts';
import { ambiguousTexts, PASSED_OVER, TAKEN_ALL_THE_SAME } from './changed-headers.ts';
import { formatted, type Made, MIB, patchFront, path, readAt, shown } from './images.ts';
import { COPY_BYTES, copyJson, type Json, patchCopyJson, writeCopyJson } from './luks2/luks2-front.ts';

let made: Made;
let copies = 0;

/** A copy of the drive with a changed header. */
function changed(patch: (front: Buffer) => void): string {
  copies += 1;
  const name = path(`changed-${copies}.img`);
  copyFileSync(made.job.path, name);
  patchFront(name, patch);
  return name;
}

/** Stores in the clear what is written. */
function unencrypted(json: Json): void {
  const segments = json['segments'] as Record<string, Json>;
  segments['0']!['encryption'] = 'cipher_null-ecb';
}

/** The first copy changed and newer, the second one storing in the clear. */
function withSecondUnencrypted(change: (json: Json) => void): string {
  return changed((front) => {
    patchCopyJson(front, 0, change);
    patchCopyJson(front, 0, () => {});
    patchCopyJson(front, COPY_BYTES, unencrypted);
  });
}

/** Proves it, and that this changed nothing. */
async function outcome(name: string): Promise<string> {
  const before = readAt(name, 0, MIB);
  const { key, passphrase } = made;
  const proved = await proveDriveOpens({ path: name, key, passphrase }).then(() => 'opens', codeOf);
  assert.ok(readAt(name, 0, MIB).equals(before));
  return proved;
}

void describe('a drive whose copies of the header differ', { skip: unlessInstalled('cryptsetup') }, () => {
  before(async () => {
    made = await formatted();
  });

  for (const [what, change] of Object.entries(PASSED_OVER)) {
    void it(`is refused where cryptsetup takes the second, for the first has ${what}`, async () => {
      const name = withSecondUnencrypted(change);
      assert.equal(await outcome(name), 'drive-altered');
      // It is the danger that it looks like: cryptsetup takes the copy that stores in the clear.
      assert.equal(shown(name).segments['0']?.encryption, 'cipher_null-ecb');
      const harmless = changed((front) => patchCopyJson(front, 0, change));
      assert.equal(await outcome(harmless), 'drive-altered');
    });
  }

  for (const [what, change] of Object.entries(TAKEN_ALL_THE_SAME)) {
    void it(`is refused for its second copy also where cryptsetup takes a first with ${what}`, async () => {
      assert.equal(await outcome(withSecondUnencrypted(change)), 'drive-altered');
    });
  }

  void it('is refused where the older copy stores in the clear, whichever it is', async () => {
    for (const [older, newer] of [
      [0, COPY_BYTES],
      [COPY_BYTES, 0],
    ] as const) {
      const name = changed((front) => {
        patchCopyJson(front, older, unencrypted);
        patchCopyJson(front, newer, () => {});
        patchCopyJson(front, newer, () => {});
      });
      assert.equal(await outcome(name), 'drive-altered');
    }
  });

  void it('opens where only their labels or tokens differ', async () => {
    const name = changed((front) => {
      patchCopyJson(front, COPY_BYTES, (json) => {
        json['tokens'] = {};
      });
      patchCopyJson(front, 0, () => {});
      patchCopyJson(front, 0, () => {});
    });
    assert.equal(await outcome(name), 'opens');
  });

  for (const what of Object.keys(ambiguousTexts({ segments: {} }, {}))) {
    void it(`is refused with metadata that are read in two ways: ${what}`, async () => {
      const name = changed((front) => {
        const json = copyJson(front, 0);
        const hidden = structuredClone(json);
        unencrypted(hidden);
        const text = ambiguousTexts(json, hidden)[what]!;
        for (const offset of [0, COPY_BYTES]) writeCopyJson(front, offset, text);
      });
      assert.notEqual(await outcome(name), 'opens');
    });
  }
});
