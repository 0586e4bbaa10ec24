/** A person's call held against its form, and as a failure that names the field where it has not that form. */
import type { z } from 'zod';
import { KeystairError } from '#domain/errors.ts';
import { type Fault, faultWords, formed } from '#protocol/forms.ts';

export function malformed(fault?: Fault): KeystairError {
  const sentence = fault === undefined ? 'the request: is malformed' : faultWords(fault);
  return new KeystairError('invalid-argument', sentence, {
    nextStep: 'see `keystair --help`',
  });
}

export function demandForm<Form extends z.ZodType>(form: Form, value: unknown): z.output<Form> {
  const asked = formed(form, value);
  if (asked.ok) return asked.value;
  throw malformed(asked.fault);
}
