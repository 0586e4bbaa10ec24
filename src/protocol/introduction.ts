/**
 * What a server tells its neighbours of itself, so that people find it and can seal a file to it.
 *
 * A neighbour takes it from the server itself only, over the connection that proves who it is: a server in between could
 * name a recipient of its own, and would then open what was meant for another.
 */
import { z } from 'zod';
import { matching } from './forms.ts';

/** An origin over TLS: people are led there from another console, so it holds no path and no name to sign in with. */
export const ConsoleUrl = matching(
  /^https:\/\/[a-z0-9.[\]:-]{1,253}$/,
  'must be the https address of a console',
);
/** Of age, X25519 or post-quantum hybrid. */
export const Recipient = matching(/^age1[0-9a-z]{50,3000}$/, 'must be a recipient of age');

export const Introduction = z.object({
  console: ConsoleUrl.optional(),
  recipient: Recipient.optional(),
});
export type Introduction = z.infer<typeof Introduction>;
