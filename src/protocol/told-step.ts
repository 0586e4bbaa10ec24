/**
 * A next step as it is sent: a plain sentence that any surface can show, and beside it the step's name and details for
 * a surface with its own words; so is a warning. Invariant: a step or a warning that this release does not know is
 * dropped, and its sentence stays.
 */
import { z } from 'zod';
import { SENTENCE_LENGTH_MAX } from '#domain/message-limits.ts';
import { isStep, type Step } from '#domain/step.ts';
import { isWarning, type Warning } from '#domain/warnings.ts';
import { text } from './forms.ts';

/** Checked in code, as their tables are. */
export const StepSchema = z.custom<Step>(isStep);
export const WarningSchema = z.custom<Warning>(isWarning);
export const StepForm = StepSchema.optional().catch(undefined);

const Sentence = text(SENTENCE_LENGTH_MAX);
/** The fields that an answer spreads into its own. */
export const ToldStepFields = { nextStep: Sentence, step: StepForm };
/** A sentence that someone should act on. */
export const NoticeForm = z.object({
  sentence: Sentence,
  nextStep: Sentence.optional(),
  step: StepForm,
  about: WarningSchema.optional().catch(undefined),
});
