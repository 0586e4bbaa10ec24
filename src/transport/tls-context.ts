/**
 * How TLS is spoken between machines, the same at both ends: version 1.3 and nothing older, the hybrid key exchange
 * first, and no authority for OpenSSL to judge by, because judging is ours.
 */

export interface TlsCredentials {
  /** The leaf first, then its authority: a caller that joins knows only the authority's fingerprint. */
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** The hybrid first: it is offered and preferred by both ends, and whoever lacks it still has a way in. */
const KEY_EXCHANGE_GROUPS = 'X25519MLKEM768:X25519:P-256';

/** What decides how TLS is spoken, whoever's certificate is used; for both ends. */
export function tlsContextOptions(credentials: TlsCredentials | undefined) {
  return {
    ...(credentials === undefined
      ? {}
      : { cert: credentials.certificatePem, key: credentials.privateKeyPem }),
    minVersion: 'TLSv1.3',
    ecdhCurve: KEY_EXCHANGE_GROUPS,
    // No authority at all, for OpenSSL: otherwise Node would load a hundred public ones, and every handshake would
    // verify a chain whose verdict we do not use. Our own check needs the pinned key and not a chain.
    ca: [] as string[],
  } as const;
}
