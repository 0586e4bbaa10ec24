/** What the load generator is asked to do, and what it answers; both travel between processes as JSON. */
import type { TlsCredentials } from '#transport/tls-context.ts';
import type { KnownKey } from '../servers/sample-keys.ts';

export type Bodies =
  | { readonly kind: 'lookups'; readonly known: readonly KnownKey[] }
  /** New keys of the connection's own device. */
  | { readonly kind: 'records'; readonly origin: string }
  | { readonly kind: 'heartbeats' }
  /** Calls of a person or script, in turn; the task's own path is not used. */
  | { readonly kind: 'gets'; readonly paths: readonly string[]; readonly apiKey: string };

export interface LoadCaller {
  readonly id: string;
  readonly name: string;
  readonly credentials: TlsCredentials;
}

export interface LoadTask {
  /** HOST:PORT. */
  readonly address: string;
  readonly path: string;
  /** One connection each, one request under way on each. */
  readonly callers: readonly LoadCaller[];
  /** Requests in all. */
  readonly requests: number;
  readonly bodies: Bodies;
  /** Every answer must be a 200 that holds this. */
  readonly expect: string;
  /** `each`: a new connection with a full handshake for every request. */
  readonly connections: 'kept' | 'each';
}

export interface LoadResult {
  readonly right: number;
  /** Answers of another form; the first of them. */
  readonly wrong: number;
  readonly firstWrong: string;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Processor time of the generator itself. */
  readonly processorSeconds: number;
}
