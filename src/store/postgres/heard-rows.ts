/**
 * Which rows every process has to hear of before it works on: those that it remembers something of, or that a stream or
 * a background task of it depends on. Everything else is read where it decides, and needs no telling.
 */
import { parseJson } from '#domain/bounded-json.ts';
import { REQUEST_JSON } from '#domain/json-bounds.ts';
import type { TrustedKind, TrustedRow } from '../rows.ts';

const HEARD_KINDS: ReadonlySet<TrustedKind> = new Set(['data-key', 'primary', 'recovery', 'notice']);
const HEARD_SETTINGS: ReadonlySet<string> = new Set(['options', 'epoch', 'server']);

export function isHeardOf({ kind, id, body }: Pick<TrustedRow, 'kind' | 'id' | 'body'>): boolean {
  if (kind === 'setting') return HEARD_SETTINGS.has(id);
  return kind === 'member' ? isOfSecondary(body) : HEARD_KINDS.has(kind);
}

/** A million devices come and go without anybody remembering them. */
function isOfSecondary(body: string): boolean {
  if (!body.includes('"secondary"')) return false;
  try {
    return (parseJson(body, REQUEST_JSON) as { readonly kind?: unknown } | null)?.kind === 'secondary';
  } catch {
    return true;
  }
}
