/**
 * How machines speak TLS, the same at both ends: version 1.3 and nothing older, the hybrid key exchange first, and no
 * authority for OpenSSL to judge by, because we judge ourselves.
 */

export interface TlsCredentials {
  /** The leaf first, then its authority: a joining caller knows only the authority's fingerprint. */
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** The hybrid first: both ends offer and prefer it, and a peer without it still has a way in. */
const KEY_EXCHANGE_GROUPS = 'X25519MLKEM768:X25519:P-256';

/** The options that decide how TLS is spoken, with any certificate; for both ends. */
export function tlsContextOptions(credentials: TlsCredentials | undefined) {
  return {
    ...(credentials === undefined
      ? {}
      : { cert: credentials.certificatePem, key: credentials.privateKeyPem }),
    minVersion: 'TLSv1.3',
    ecdhCurve: KEY_EXCHANGE_GROUPS,
    // OpenSSL gets no authority at all: otherwise Node would load a hundred public ones, and every handshake would
    // verify a chain whose verdict we do not use. Our own check needs the pinned key, not a chain.
    ca: [] as string[],
  } as const;
}
