/**
 * Requests for a key without a connection: what a request or an answer is refused for, and the code by which two people
 * compare a request over the telephone.
 */
import { KeystairError } from './errors.ts';
import { sha256 } from './sha-256.ts';

/**
 * Requests that a device keeps, used ones included: nobody waits for more answers at a time. The oldest are forgotten,
 * and their answers refused.
 */
export const KEY_REQUESTS_KEPT_MAX = 100;

export function keyRequestInvalid(
  because: string,
  nextStep = 'ask for the file again, as the device wrote it',
): KeystairError {
  return new KeystairError('key-request-invalid', `this is no request for a key: ${because}`, { nextStep });
}

/** Why an answer does not serve here. */
export type AnswerFault =
  | 'not-an-answer'
  | 'unknown-request'
  | 'used'
  | 'damaged'
  | 'other-data'
  | 'misheard';

const ASK_AGAIN = 'make a new request on this device, and have that one answered';
const FAULTS: Readonly<Record<AnswerFault, readonly [sentence: string, nextStep: string]>> = {
  'not-an-answer': ['the file is no answer to a request for a key', 'name the file that came back'],
  'unknown-request': [
    'this device did not make the request that the answer is for, so it cannot open the answer',
    `use the answer on the device that asked, or ${ASK_AGAIN}`,
  ],
  used: ['the answer was used already, and serves once', ASK_AGAIN],
  damaged: ['the answer was damaged or altered', 'have it sent again'],
  misheard: [
    'each block of the answer is right, but not all are in their place',
    'have the answer read out once more',
  ],
  'other-data': [
    'the answer is for another file or drive',
    `name the file or drive that was asked for, or ${ASK_AGAIN}`,
  ],
};

/** @param details with `wrongGroup` or `wrongLength` of what was read out. */
export function answerInvalid(
  reason: AnswerFault,
  details: { readonly wrongGroup?: number; readonly wrongLength?: number; readonly request?: string } = {},
): KeystairError {
  const { wrongGroup, wrongLength } = details;
  if (wrongGroup !== undefined || wrongLength !== undefined) {
    const sentence =
      wrongGroup === undefined
        ? `the answer has ${wrongLength} characters, and a spoken one has 170 in 34 blocks`
        : `block ${wrongGroup} of the answer is not what was read out`;
    return new KeystairError('answer-invalid', sentence, {
      nextStep: 'compare the blocks, and type them again',
      details: { reason, ...details },
    });
  }
  const [sentence, nextStep] = FAULTS[reason];
  return new KeystairError('answer-invalid', sentence, { nextStep, details: { reason, ...details } });
}

const CODE_DIGITS = 16;

/**
 * Sixteen hexadecimal digits in groups of four. Whoever replaces the recipient of a request on its way, to open the
 * answer, would have to find another one with the same code.
 */
export function requestCode(request: {
  readonly id: string;
  readonly key: string;
  readonly recipient: string;
}): string {
  const digest = sha256(Buffer.from(`${request.id} ${request.key} ${request.recipient}`));
  return Buffer.from(digest)
    .toString('hex')
    .slice(0, CODE_DIGITS)
    .replaceAll(/.{4}(?=.)/g, '$&-');
}
