/** What lies in the header of encrypted data, as messages and request files carry it. */
import { z } from 'zod';
import { CLAIM_TEXT } from '#domain/claim-text.ts';
import { UNWRAP_STANZAS_MAX } from '#domain/limits.ts';
import { STANZA_ARG_LENGTH_MAX, STANZA_ARGS_MAX, STANZA_BODY_LENGTH_MAX } from '#domain/message-limits.ts';
import { list, matching, text } from './forms.ts';

export const ClaimText = matching(CLAIM_TEXT, 'must be 16 bytes in unpadded canonical base64');

/** The stanzas of a file other than Keystair's own; bodies in base64. */
export const FileStanzas = list(
  z.object({
    args: list(text(STANZA_ARG_LENGTH_MAX), STANZA_ARGS_MAX, 1),
    body: text(STANZA_BODY_LENGTH_MAX),
  }),
  UNWRAP_STANZAS_MAX,
);
