/** One server on the way of a lookup, as servers report it down to the asker, and as it is shown. */
import { z } from 'zod';
import { ServerNameSchema } from './fields.ts';
import { Time } from './forms.ts';

/** `link` describes the way from this server to its primary. */
export const ExplainStep = z.object({
  server: ServerNameSchema,
  option: z.boolean(),
  link: z.enum(['connected', 'dmz', 'unreachable', 'refused', 'never-heard', 'option-off', 'none']),
  has: z.boolean().nullable(),
  /** The claim was given and does not fit. */
  wrongClaim: z.boolean().optional(),
  since: Time.nullable().optional(),
});
export type ExplainStep = z.infer<typeof ExplainStep>;
