/** When a certificate is renewed: after two thirds of its life, so that a third is left for a server that is away. */
export function renewalDueAt(validFromMs: number, validToMs: number): number {
  return validFromMs + ((validToMs - validFromMs) * 2) / 3;
}
