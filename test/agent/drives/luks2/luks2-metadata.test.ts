/** Reading the JSON of a LUKS2 header: what is used is checked, what is unknown is let be. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseLuks2Metadata } from '#agent/drives/luks2/luks2-metadata.ts';
import { driveJson, type Json } from './luks2-front.ts';

type Drive = ReturnType<typeof driveJson>;

function changed(change: (json: Drive) => void): string {
  const json = driveJson();
  change(json);
  return JSON.stringify(json);
}

void describe('LUKS2 metadata', () => {
  void it('names the requirements in the old and in the new form', () => {
    const required = (requirements: unknown) =>
      changed((json) => (json.config['requirements'] = requirements));
    assert.deepEqual(parseLuks2Metadata(required({ mandatory: ['online-reencrypt-v2'] }))?.requirements, [
      'online-reencrypt-v2',
    ]);
    assert.deepEqual(parseLuks2Metadata(required({ mandatory: [] }))?.requirements, []);
    assert.deepEqual(parseLuks2Metadata(required({ opal: { version: 1 } }))?.requirements, ['opal']);
  });

  void it('keeps an integrity layer, flags and unknown types for the judge', () => {
    const metadata = parseLuks2Metadata(
      changed((json) => {
        Object.assign(json.segments['0']!, {
          integrity: { type: 'hmac(sha256)' },
          flags: ['backup-final'],
          size: '4096',
        });
        json.segments['1'] = { type: 'linear', offset: '0', size: 'dynamic' };
        json.keyslots['1'] = {
          type: 'reencrypt',
          key_size: 1,
          area: { type: 'none', offset: '0', size: '0' },
        };
      }),
    );
    assert.equal(metadata?.segments.get('0')?.integrity, true);
    assert.deepEqual(metadata?.segments.get('0')?.flags, ['backup-final']);
    assert.equal(metadata?.segments.get('0')?.size, 4096n);
    assert.equal(metadata?.segments.get('1')?.type, 'linear');
    assert.equal(metadata?.keyslots.get('1')?.type, 'reencrypt');
  });

  const wrong: Readonly<Record<string, (json: Drive) => void>> = {
    'a segment without an offset': (json) => delete json.segments['0']!['offset'],
    'an offset that is a number': (json) => (json.segments['0']!['offset'] = 16777216),
    'an offset with a leading zero': (json) => (json.segments['0']!['offset'] = '016777216'),
    'a negative offset': (json) => (json.segments['0']!['offset'] = '-1'),
    'a segment that is a list': (json) => (json.segments['0'] = [] as unknown as Json),
    'a segment under a name': (json) => (json.segments['zero'] = json.segments['0']!),
    'a segment of no type': (json) => (json.segments['0']!['type'] = 1),
    'a cipher that is no text': (json) => (json.segments['0']!['encryption'] = ['aes']),
    'flags that are no list': (json) => (json.segments['0']!['flags'] = 'backup-final'),
    'a keyslot without an area': (json) => delete json.keyslots['0']!['area'],
    'a keyslot with half a byte': (json) => (json.keyslots['0']!['key_size'] = 63.5),
    'a keyslot of negative size': (json) => (json.keyslots['0']!['key_size'] = -64),
    'a digest without keyslots': (json) => delete json.digests['0']!['keyslots'],
    'a token that is text': (json) => (json.tokens['0'] = 'keystair' as unknown as Json),
    'requirements that are a list': (json) => (json.config['requirements'] = ['x']),
    'requirements that are no text': (json) => (json.config['requirements'] = { mandatory: [1] }),
  };
  for (const [what, change] of Object.entries(wrong)) {
    void it(`with ${what} is unreadable as a whole`, () => {
      assert.equal(parseLuks2Metadata(changed(change)), undefined);
    });
  }

  void it('is unreadable with a part missing, or where it is no object', () => {
    for (const part of ['segments', 'keyslots', 'digests', 'tokens', 'config'] as const) {
      assert.equal(parseLuks2Metadata(changed((json) => delete (json as Partial<Drive>)[part])), undefined);
    }
    for (const text of ['', 'null', '[]', '1', '"x"', '{', '{}x'])
      assert.equal(parseLuks2Metadata(text), undefined);
  });
});
