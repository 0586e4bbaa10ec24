/** Fields of which people's requests and answers are made. */
import { z } from 'zod';
import { NAME_LENGTH_MAX } from '#domain/limits.ts';
import { SENTENCE_LENGTH_MAX } from '#domain/message-limits.ts';
import { text } from '../forms.ts';

/** An id, a name, a time: as it is shown. */
export const Field = text(NAME_LENGTH_MAX);
export const Sentence = text(SENTENCE_LENGTH_MAX);
/** What is asked for: an id, or a name that only one has. */
export const Named = text(NAME_LENGTH_MAX, 1);
/** The request of a call that needs none. */
export const Empty = z.object({});
