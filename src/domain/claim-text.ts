/** A claim as it is written: unpadded canonical base64 of its 16 bytes, 22 characters. Each claim has one spelling. */
export const CLAIM_TEXT = /^[A-Za-z0-9+/]{21}[AQgw]$/;

export function isClaimText(text: string): boolean {
  return CLAIM_TEXT.test(text);
}
