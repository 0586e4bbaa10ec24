/** How wrong usage is named: what is missing, unknown or one too many, of the command line of every program. */
const named = (before: string, name: string, after: string): RegExp =>
  new RegExp(`${before}${RegExp.escape(name)}${after}`);

export const USAGE = {
  beginWithANoun: /begin with one of server, hierarchy, keys, devices, groups, policies, approvals, people/,
  verbMissing: /a verb is missing/,
  oneTooMany: /unexpected argument/,
  outputTaken: /standard output cannot be OUT/,
  oneOfThree: /one of ID, --file PATH and --drive PATH/,
  wholeSeconds: /whole number of seconds/,
  portFrom: /port from 1 to 65535/,
  noText: /must be text of 1 to \d+ characters/,
  looksLikeAnOption: /'--erase' looks like an option/,
  /** @param what as the help shows it: `argument FILE`, `--data DIR`. */
  missing: (what: string) => named('', what, ' is missing'),
  empty: (argument: string) => named('argument ', argument, ' is empty'),
  extra: (word: string) => named("unexpected argument '", word, "'"),
  unknown: (words: string) => named("there is no '", words, "'"),
  noOption: (option: string) => named('there is no option ', option, ''),
  needsValue: (option: string) => named('', option, ' needs a value'),
  takesNoValue: (option: string) => named('', option, ' takes no value'),
  givenTwice: (option: string) => named('', option, ' was given more than once'),
  mustBe: (option: string, form: string) => named('', `${option} must be ${form}`, ''),
  verbs: (verbs: string) => named('the verbs are ', verbs, ''),
} as const;
