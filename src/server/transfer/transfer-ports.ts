/**
 * What export and import are handed beside a server's ordinary ports, and the one way they ask for a right.
 */
import { codeOf } from '#domain/errors.ts';
import { type Caller, demandRight } from '#domain/right.ts';
import { TRANSFER_ROUTES, type TransferRouteName } from '#protocol/transfer-routes.ts';
import type { Refusals } from '../audit/refusals.ts';
import type { ServerPorts } from '../ports.ts';
import type { ServerIdentities } from './server-identities.ts';

export interface TransferPorts extends ServerPorts {
  readonly refusals: Refusals;
  readonly identities: ServerIdentities;
  /** Lower in unit tests only. */
  readonly workFactor?: number | undefined;
  /** Lower in unit tests only. */
  readonly freeBytesMin?: number | undefined;
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
