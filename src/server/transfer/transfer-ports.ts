/** The ports of export and import: a server's ordinary ports and their own. */
import type { Stretch } from '#crypto/age/scrypt-stanza.ts';
import type { ServerPorts } from '../repository/ports.ts';
import type { ServerIdentities } from './server-identities.ts';

/** What tests pass in to be quick, or identical in every run. */
export interface TransferTuning {
  readonly workFactor?: number | undefined;
  readonly stretch?: Stretch | undefined;
  /** Keys that an import records in one transaction. */
  readonly pageKeys?: number | undefined;
}

export interface TransferPorts extends Omit<ServerPorts, 'hierarchyChanged' | 'treeChanged'>, TransferTuning {
  readonly identities: ServerIdentities;
}
