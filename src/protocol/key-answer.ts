/**
 * What lies in an answer to a request for a key, sealed to the device that made the request: one line of JSON.
 */
import { z } from 'zod';
import { FILE_KEY_LENGTH_MAX } from '#domain/message-limits.ts';
import { ServerNameSchema, Uuid } from './fields.ts';
import { text } from './forms.ts';
import { WireKeySchema } from './wire-key.ts';

export const KeyAnswer = z.union([
  z.object({ opens: z.literal('drive'), complete: WireKeySchema, source: ServerNameSchema }),
  /** 16 bytes in base64. The identity of the device that made the file stays on servers. */
  z.object({
    opens: z.literal('file'),
    key: Uuid,
    fileKey: text(FILE_KEY_LENGTH_MAX),
    source: ServerNameSchema,
  }),
]);
export type KeyAnswer = z.output<typeof KeyAnswer>;
