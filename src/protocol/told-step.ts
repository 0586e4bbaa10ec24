/**
 * A next step as it is told: a plain sentence that any surface can show, and beside it the step's name and details for one
 * that has its own words. Invariant: a step that this release does not know is dropped, and its sentence stays.
 */
import { z } from 'zod';
import { SENTENCE_LENGTH_MAX } from '#domain/message-limits.ts';
import { isStep, type Step } from '#domain/step.ts';
import { text } from './forms.ts';

/** Checked by hand, as its table is. */
export const StepSchema = z.custom<Step>(isStep);
export const StepForm = StepSchema.optional().catch(undefined);

const Sentence = text(SENTENCE_LENGTH_MAX);
/** To be put among the fields of an answer. */
export const ToldStepFields = { nextStep: Sentence, step: StepForm };
/** A sentence that somebody should act on. */
export const NoticeForm = z.object({ sentence: Sentence, nextStep: Sentence.optional(), step: StepForm });
