/**
 * How a client of people's calls reaches its server, over the socket of a data directory or over the network. Clients
 * do not know which.
 *
 * Invariant: no byte of a request is sent before the receiver is known to be the intended server.
 */
import type { ClientRequest } from 'node:http';
import type { KeystairError } from '#domain/errors.ts';

export interface PeopleCall {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

export interface PeopleConnection {
  /** Starts a request. The caller writes its body and ends it. */
  readonly begin: (call: PeopleCall) => ClientRequest;
  /** The failure to report when a request or its answer broke off. */
  readonly broken: (cause: unknown) => KeystairError;
  /**
   * Called after a refused call. Resolves if the caller has now done what was missing, so that a retry may succeed;
   * otherwise throws the refusal.
   */
  readonly onRefusal?: (refusal: KeystairError) => Promise<void>;
}
