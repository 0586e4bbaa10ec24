/**
 * Ways to change one copy of a LUKS2 header so that cryptsetup passes it over and takes the other, though its checksum
 * holds and its JSON can be read: rules of the format that only cryptsetup looks for.
 */
import type { Json } from './luks2/luks2-front.ts';

type Change = (json: Json) => void;

function at(json: Json, ...names: readonly string[]): Json {
  let found = json;
  for (const name of names) found = found[name] as Json;
  return found;
}

function set(value: Json, ...names: readonly string[]): Change {
  return (json) => Object.assign(at(json, ...names), value);
}

function without(field: string, ...names: readonly string[]): Change {
  return (json) => {
    delete at(json, ...names)[field];
  };
}

/** Adds an entry like the first one, with differences. */
function another(part: string, id: string, more: Json): Change {
  return (json) => {
    at(json, part)[id] = { ...structuredClone(at(json, part, '0')), ...more };
  };
}

const SLOT = ['keyslots', '0'] as const;
const AREA = ['keyslots', '0', 'area'] as const;
const KDF = ['keyslots', '0', 'kdf'] as const;
const AF = ['keyslots', '0', 'af'] as const;
const SEGMENT = ['segments', '0'] as const;
const DIGEST = ['digests', '0'] as const;
const TWO_TO_64 = String(2n ** 64n);

export const PASSED_OVER: Readonly<Record<string, Change>> = {
  'a keyslots area of no whole sectors': set({ keyslots_size: '4097' }, 'config'),
  'a keyslots area that is too large': set({ keyslots_size: String(2n ** 40n) }, 'config'),
  'a keyslots area beyond 64 bits': set({ keyslots_size: TWO_TO_64 }, 'config'),
  'no size of the keyslots area': without('keyslots_size', 'config'),
  'a keyslots area that is a number': set({ keyslots_size: 16744448 }, 'config'),
  'a JSON area of another size': set({ json_size: '16384' }, 'config'),
  'no size of the JSON area': without('json_size', 'config'),
  'flags that are no list': set({ flags: 'none' }, 'config'),
  'a digest of a keyslot that is not there': set({ keyslots: ['0', '9'] }, ...DIGEST),
  'a digest of a segment that is not there': set({ segments: ['0', '9'] }, ...DIGEST),
  'a second digest without a keyslot': another('digests', '1', { keyslots: ['7'], segments: [] }),
  'a digest without its type': another('digests', '1', { keyslots: [], segments: [], type: '' }),
  'a token of a keyslot that is not there': another('tokens', '1', { type: 'other', keyslots: ['9'] }),
  'a token whose keyslots are numbers': another('tokens', '1', { type: 'other', keyslots: [0] }),
  'a token without a type': another('tokens', '1', { type: 7 }),
  'a token without keyslots': (json) => {
    at(json, 'tokens')['1'] = { type: 'other' };
  },
  'a keyslot of a number that is too large': another('keyslots', '32', {}),
  'a segment of a number that is too large': another('segments', '32', {}),
  'two keyslots in one area': another('keyslots', '1', {}),
  'a keyslot in the header': set({ offset: '4096' }, ...AREA),
  'a keyslot in the data': set({ offset: '16777216' }, ...AREA),
  'a keyslot of no size': set({ size: '0' }, ...AREA),
  'a keyslot beyond 64 bits': set({ offset: TWO_TO_64 }, ...AREA),
  'a keyslot with a number for its place': set({ offset: 32768 }, ...AREA),
  'a keyslot without the kind of its area': without('type', ...AREA),
  'a keyslot without a derivation': without('kdf', ...SLOT),
  'a keyslot with a derivation without a type': without('type', ...KDF),
  'a keyslot with a derivation without salt': without('salt', ...KDF),
  'a keyslot with its rounds as text': set({ iterations: '1000' }, ...KDF),
  'a keyslot without a splitter': without('af', ...SLOT),
  'a keyslot with a splitter without stripes': without('stripes', ...AF),
  'a keyslot with a splitter without a hash': without('hash', ...AF),
  'a segment beyond 64 bits': set({ size: TWO_TO_64 }, ...SEGMENT),
  'a segment of no size': set({ size: '0' }, ...SEGMENT),
  'a segment of no whole sectors': set({ size: '4097' }, ...SEGMENT),
  'a segment at no whole sector': set({ offset: '16777217' }, ...SEGMENT),
  'a segment without its cipher': without('encryption', ...SEGMENT),
  'a segment without its first sector': without('iv_tweak', ...SEGMENT),
  'a segment with its sector size as text': set({ sector_size: '4096' }, ...SEGMENT),
  'a segment with flags that are no texts': set({ flags: [1] }, ...SEGMENT),
  'a requirement that is a number': set({ requirements: { mandatory: [1] } }, 'config'),
  'no tokens': without('tokens'),
  'no digests': without('digests'),
};

/** Ways that break the format and that cryptsetup puts up with. */
export const TAKEN_ALL_THE_SAME: Readonly<Record<string, Change>> = {
  'a digest without its salt': without('salt', ...DIGEST),
  'a digest without its value': without('digest', ...DIGEST),
  'a digest with its rounds as text': set({ iterations: '1000' }, ...DIGEST),
  'a digest without its hash': without('hash', ...DIGEST),
  'a token of a number that is too large': another('tokens', '32', { type: 'other' }),
  'a digest of a number that is too large': another('digests', '32', { keyslots: [], segments: [] }),
  'a keyslot at no whole sector': set({ offset: '32769' }, ...AREA),
  'a keyslot of no whole sectors': set({ size: '258049' }, ...AREA),
  'a keyslot with a priority in words': set({ priority: 'high' }, ...SLOT),
  'a key of no bits': set({ key_size: 0 }, ...SLOT),
};

/** JSON that another reader may read as other metadata: where ours sees an unknown field, or a later one of the same name. */
export function ambiguousTexts(json: Json, hidden: Json): Readonly<Record<string, string>> {
  const text = JSON.stringify(json);
  const twice = (name: string): string =>
    `${text.slice(0, -1)},"${name}":${JSON.stringify(hidden['segments'])}}`;
  return {
    'its segments twice': twice('segments'),
    'its segments again under a name with a zero character': twice('segments\\u0000'),
    'its segments again under a name in escapes': twice('\\u0073egments'),
    'its segments in a comment': `${text.slice(0, -1)}/*,"segments":${JSON.stringify(hidden['segments'])}*/}`,
    'a second text behind the first': `${text}${JSON.stringify(hidden)}`,
    'names in single quotes': `${text.slice(0, -1)},'segments':${JSON.stringify(hidden['segments'])}}`,
    'a comma too many': `${text.slice(0, -1)},}`,
    'a number that is none': `${text.slice(0, -1)},"x":NaN}`,
  };
}
