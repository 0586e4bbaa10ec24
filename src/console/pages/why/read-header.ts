/**
 * Reads the header of an encrypted file in the browser: which Keystair key opens it, and the claim that lies with it.
 * Nothing else of the file is read, and nothing of it is sent but these two.
 *
 * Invariant: one file names one key. A header with two of our stanzas, or one that is not canonical, is damaged.
 */
const HEADER_BYTES_MAX = 64 * 1024;
const STANZA = /^-> keystair ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}) ([A-Za-z0-9+/]{22})$/;
const OURS = /^-> keystair(?: |$)/;

export type HeaderRead =
  | { readonly kind: 'held'; readonly id: string; readonly claim: string }
  | { readonly kind: 'not-ours' | 'damaged' };

export async function readHeader(file: Blob): Promise<HeaderRead> {
  const text = new TextDecoder('latin1').decode(await file.slice(0, HEADER_BYTES_MAX).arrayBuffer());
  if (!text.startsWith('age-encryption.org/v1\n')) return { kind: 'not-ours' };
  const header = text.slice(0, text.indexOf('\n---'));
  const ours = header.split('\n').filter((line) => OURS.test(line));
  if (ours.length === 0) return { kind: 'not-ours' };
  const [, id, claim] = STANZA.exec(ours[0]!) ?? [];
  return ours.length > 1 || id === undefined || claim === undefined
    ? { kind: 'damaged' }
    : { kind: 'held', id, claim };
}
