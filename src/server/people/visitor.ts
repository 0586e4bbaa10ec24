/** A caller who is not known yet: where they come from, and the tokens they bring and receive. */
import type { Origin } from './sessions.ts';

export interface Visitor extends Origin {
  /** The token in the session cookie: of a session, or of a sign-in under way. */
  readonly session: string | undefined;
  /** The token of a known device. */
  readonly device: string | undefined;
  /** The address by which people reach the server. */
  readonly url: string;
  readonly keepSession: (token: string, maxAgeMs: number) => void;
  readonly keepDevice: (token: string, maxAgeMs: number) => void;
}
