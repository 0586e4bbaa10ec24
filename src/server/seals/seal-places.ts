/** Where the seals lie that a server opens by itself. */

export interface SealPlaces {
  readonly rootKeyFile: string;
  readonly pkcs11: { readonly module: string; readonly pinFile: string | undefined } | undefined;
}
