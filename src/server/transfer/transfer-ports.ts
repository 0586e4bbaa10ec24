/**
 * What export and import are handed beside a server's ordinary ports, and the one way they ask for a right.
 */
import type { Stretch } from '#crypto/age/scrypt-stanza.ts';
import { codeOf } from '#domain/errors.ts';
import { type Caller, demandRight } from '#domain/right.ts';
import { TRANSFER_ROUTES, type TransferRouteName } from '#protocol/people/transfer-routes.ts';
import type { Refusals } from '../audit/refusals.ts';
import type { ServerPorts } from '../repository/ports.ts';
import type { ServerIdentities } from './server-identities.ts';

/** What tests hand in to be quick, or alike in every run. */
export interface TransferTuning {
  readonly workFactor?: number | undefined;
  readonly stretch?: Stretch | undefined;
  /** Keys that an import records in one transaction. */
  readonly pageKeys?: number | undefined;
  readonly freeBytesMin?: number | undefined;
}

export interface TransferPorts extends ServerPorts, TransferTuning {
  readonly refusals: Refusals;
  readonly identities: ServerIdentities;
}

/** Throws `not-allowed` unless the caller has the right that the route's row names; the refusal is audited. */
export async function demandRouteRight(
  ports: Pick<TransferPorts, 'refusals'>,
  caller: Caller,
  name: TransferRouteName,
): Promise<void> {
  const { right, path } = TRANSFER_ROUTES[name];
  try {
    demandRight(caller, right);
  } catch (error) {
    const code = codeOf(error);
    await ports.refusals.note(caller.name, code, {
      event: 'call-refused',
      by: caller.name,
      caller: caller.name,
      code,
      route: path,
    });
    throw error;
  }
}
