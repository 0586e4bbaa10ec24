/**
 * The JSON of a LUKS2 header, as far as Keystair judges it: segments, keyslots, digests, tokens, requirements.
 *
 * Invariant: a part of the wrong form makes the whole unreadable (undefined); it is never skipped. A segment or keyslot
 * that is left out here could be the one that cryptsetup uses.
 */

import { type JsonBounds, parseJson } from '#domain/bounded-json.ts';

export interface Luks2Segment {
  /** `crypt` for encrypted data; `linear` and others exist while a re-encryption runs. */
  readonly type: string;
  readonly offset: bigint;
  readonly size: bigint | 'dynamic';
  /** For instance `aes-xts-plain64`; undefined where the type has none. */
  readonly encryption: string | undefined;
  readonly ivTweak: string | undefined;
  readonly sectorSize: number | undefined;
  /** Whether an integrity layer is described. */
  readonly integrity: boolean;
  readonly flags: readonly string[];
}

export interface Luks2Keyslot {
  /** `luks2`, or `reencrypt` while a re-encryption runs. */
  readonly type: string;
  /** Length of the volume key, in bytes. */
  readonly keySize: number;
  /** How the keyslot's own area is encrypted. */
  readonly areaEncryption: string | undefined;
  readonly areaKeySize: number | undefined;
}

/** Which keyslots hold the key of which segments. */
export interface Luks2Digest {
  readonly type: string;
  readonly keyslots: readonly string[];
  readonly segments: readonly string[];
}

export interface Luks2Metadata {
  readonly segments: ReadonlyMap<string, Luks2Segment>;
  readonly keyslots: ReadonlyMap<string, Luks2Keyslot>;
  readonly digests: ReadonlyMap<string, Luks2Digest>;
  /** Unparsed: each kind of token has its own form. */
  readonly tokens: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  /** What a program must understand before it opens the volume, for instance `online-reencrypt-v2`. */
  readonly requirements: readonly string[];
}

type Json = Readonly<Record<string, unknown>>;

/** The largest area there is; its 32 keyslots, 32 tokens of any make and some segments hold some thousand values. */
export const LUKS2_JSON: JsonBounds = { length: 4 * 1024 * 1024, depth: 32, values: 20_000 };

/** As `parseJson` throws it; the one entry point catches it. */
function wrongForm(): SyntaxError {
  return new SyntaxError('not the JSON of a LUKS2 header');
}

function object(value: unknown): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrongForm();
  return value as Json;
}

function string(value: unknown): string {
  if (typeof value !== 'string') throw wrongForm();
  return value;
}

function strings(value: unknown): readonly string[] {
  if (!Array.isArray(value)) throw wrongForm();
  return value.map(string);
}

function optional<T>(value: unknown, read: (value: unknown) => T): T | undefined {
  return value === undefined ? undefined : read(value);
}

function whole(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw wrongForm();
  return value;
}

/** LUKS2 writes 64-bit numbers as decimal text. */
function big(value: unknown): bigint {
  const text = string(value);
  if (!/^(0|[1-9][0-9]{0,19})$/.test(text)) throw wrongForm();
  return BigInt(text);
}

/** Objects under decimal names. */
function numbered<T>(value: unknown, read: (entry: Json) => T): ReadonlyMap<string, T> {
  const entries = new Map<string, T>();
  for (const [id, entry] of Object.entries(object(value))) {
    if (!/^(0|[1-9][0-9]{0,9})$/.test(id)) throw wrongForm();
    entries.set(id, read(object(entry)));
  }
  return entries;
}

function segment(entry: Json): Luks2Segment {
  return {
    type: string(entry['type']),
    offset: big(entry['offset']),
    size: entry['size'] === 'dynamic' ? 'dynamic' : big(entry['size']),
    encryption: optional(entry['encryption'], string),
    ivTweak: optional(entry['iv_tweak'], string),
    sectorSize: optional(entry['sector_size'], whole),
    integrity: entry['integrity'] !== undefined,
    flags: optional(entry['flags'], strings) ?? [],
  };
}

function keyslot(entry: Json): Luks2Keyslot {
  const area = object(entry['area']);
  return {
    type: string(entry['type']),
    keySize: whole(entry['key_size']),
    areaEncryption: optional(area['encryption'], string),
    areaKeySize: optional(area['key_size'], whole),
  };
}

function digest(entry: Json): Luks2Digest {
  return {
    type: string(entry['type']),
    keyslots: strings(entry['keyslots']),
    segments: strings(entry['segments']),
  };
}

/** The names of requirements; both the list of names and the newer list with versions are known. */
function requirementsOf(config: Json): readonly string[] {
  const value = config['requirements'];
  if (value === undefined) return [];
  const { mandatory, ...others } = object(value);
  return [...(mandatory === undefined ? [] : strings(mandatory)), ...Object.keys(others)];
}

/** Undefined unless all of it has the form the specification gives it. */
export function parseLuks2Metadata(text: string): Luks2Metadata | undefined {
  try {
    const json = object(parseJson(text, LUKS2_JSON));
    return {
      segments: numbered(json['segments'], segment),
      keyslots: numbered(json['keyslots'], keyslot),
      digests: numbered(json['digests'], digest),
      tokens: numbered(json['tokens'], (entry) => entry),
      requirements: requirementsOf(object(json['config'])),
    };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
