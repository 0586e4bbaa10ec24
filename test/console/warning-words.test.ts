/** What a server warns of, and why a key cannot be had, in the languages of the console that are not its own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LOOKUP_REASONS } from '#domain/lookup-reason.ts';
import { warn } from '#domain/step.ts';
import { type Warning, WARNINGS } from '#domain/warnings.ts';
import { NoticeForm } from '#protocol/told-step.ts';
import { LANGUAGES } from '../../src/console/texts/catalogue.ts';
import { verdictWords } from '../../src/console/texts/verdicts.ts';
import { warningWords } from '../../src/console/texts/warnings.ts';

const WRITTEN = { day: (iso: string) => `day of ${iso}`, number: (value: number) => String(value) };
/** An invalid checkpoint says nothing of the lines before. */
const NOT_SAID = new Set(['gap-invalid lines']);

/** Each detail with a value of its own. */
function exampleOf(name: string, details: readonly string[]): Warning {
  const values = details.map((detail, at) => [detail, String(701 + at)]);
  return { name, details: Object.fromEntries(values) } as unknown as Warning;
}

test('each warning is said in every other language, with all that is known of it', () => {
  for (const language of LANGUAGES.filter((one) => one !== 'en'))
    for (const [name, details] of Object.entries(WARNINGS)) {
      const about = exampleOf(name, details);
      const words = warningWords(language, warn(about, 'something is wrong'), WRITTEN)!;
      assert.match(words, /^\S.*[.!]$/s, name);
      assert.doesNotMatch(words, /undefined|NaN|null/, name);
      for (const [detail, value] of Object.entries<string>(about.details))
        if (!NOT_SAID.has(`${name} ${detail}`)) assert.ok(words.includes(value), `${name}: ${detail}`);
    }
});

test('each verdict on a key is said in every other language, with the servers that it is about', () => {
  for (const language of LANGUAGES.filter((one) => one !== 'en'))
    for (const reason of [...LOOKUP_REASONS, 'here', 'elsewhere'] as const) {
      const about = { reason, at: 'Bergen', asked: ['Oslo', 'Bergen'], since: '2026-11-20' };
      const { verdict, next } = verdictWords(language, { about }, WRITTEN.day)!;
      assert.ok(verdict.includes('Bergen') && verdict.includes('Oslo'), verdict);
      assert.match(next, /^\p{Lu}.*[.]$/su);
      if (reason === 'primary-unreachable') assert.ok(verdict.includes(WRITTEN.day(about.since)));
      const never = verdictWords(language, { about: { ...about, since: null } }, WRITTEN.day)!;
      assert.doesNotMatch(verdict + never.verdict, /undefined|null/);
    }
  assert.equal(
    verdictWords('en', { about: { reason: 'here', at: 'Oslo', asked: [], since: null } }, String),
    undefined,
  );
});

test('a warning that the console does not know, or that is not whole, stays in the words of the server', () => {
  const known = warn(
    { name: 'recovery-open', details: { server: 'Oslo', until: '2026' } },
    'Oslo may recover',
  );
  assert.deepEqual(NoticeForm.parse(known), known);
  for (const about of [
    { name: 'recovery-open', details: { server: 'Oslo' } },
    { name: 'recovery-open', details: { server: 'Oslo', until: 5 } },
    { name: 'recovery-open', details: { server: 'O'.repeat(5000), until: '2026' } },
    { name: 'of-a-later-release', details: {} },
    { name: 'toString', details: {} },
    { name: ['disk-low'], details: {} },
    { name: 'disk-low' },
    'disk-low',
    null,
  ]) {
    const told = NoticeForm.parse({ ...known, about });
    assert.equal(told.about, undefined, JSON.stringify(about).slice(0, 80));
    assert.equal(warningWords('de', told, WRITTEN), undefined);
    assert.equal(told.sentence, known.sentence);
  }
});
