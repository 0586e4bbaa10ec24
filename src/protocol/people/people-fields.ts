/** Fields that people's requests and answers share. */
import { z } from 'zod';
import { NAME_LENGTH_MAX } from '#domain/limits.ts';
import { SENTENCE_LENGTH_MAX } from '#domain/message-limits.ts';
import { text } from '../forms.ts';

/** An id, a name or a time, as it is shown. */
export const Field = text(NAME_LENGTH_MAX);
export const Sentence = text(SENTENCE_LENGTH_MAX);
/** An id, or a name that only one thing has. */
export const Named = text(NAME_LENGTH_MAX, 1);
/** The request of a call that needs none. */
export const Empty = z.object({});
