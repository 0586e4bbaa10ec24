/** Why a server could not be called, by the words that tell these failures of one code apart. */
export const UNREACHABLE = {
  noAddress: /no address/,
  refused: /refused \(ECONNREFUSED\)/,
  noSuchName: /office\.invalid:1: the name/,
  noHostAndPort: /HOST:PORT/,
  all: (addresses: readonly string[]) => new RegExp(addresses.join('.*')),
  noConnectionInTime: /no connection within 50 ms/,
  within: (ms: number) => new RegExp(`within ${ms} ms`),
  tooLarge: (bytes: number) => new RegExp(`larger than ${bytes} bytes`),
  speaksNoTls: /TLS 1\.3/,
  broke: /broke before/,
  tryAgain: /try again/,
  addressForms: /office\.example:8443/,
} as const;
