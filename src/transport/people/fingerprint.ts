/** The SHA-256 fingerprint of a certificate, as people copy it from one place to another. */

/** Pairs of digits, separated by colons, blanks or dashes, or not separated. */
const PAIRS = '[0-9a-f]{2}(?:[: -]?[0-9a-f]{2}){31}';
/** Also accepts the prefix that browsers, `openssl x509 -fingerprint` and others write. */
const SPELLING = new RegExp(`^(?:sha-?256(?: fingerprint)?[ :=]+)?(${PAIRS})$`, 'i');

/** The fingerprint as the server shows it, `AA:BB:…`; undefined if the text is not one. */
export function readFingerprint(text: string): string | undefined {
  const digits = SPELLING.exec(text.trim())?.[1]?.replaceAll(/[: -]/g, '').toUpperCase();
  return digits?.match(/../g)?.join(':');
}
