/**
 * How many guesses a password stands, as a power of ten. The dictionaries weigh more than all the rest of the console,
 * so this file comes only when somebody begins to type a password.
 */
import { ZxcvbnFactory } from '@zxcvbn-ts/core';
import * as common from '@zxcvbn-ts/language-common';
import * as english from '@zxcvbn-ts/language-en';

const factory = new ZxcvbnFactory({
  dictionary: { ...common.dictionary, ...english.dictionary },
  graphs: common.adjacencyGraphs,
});

export function estimateGuesses(password: string): number {
  return factory.check(password, ['keystair', 'export']).guessesLog10;
}
