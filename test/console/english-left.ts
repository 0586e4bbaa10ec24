/**
 * English that a page in another language still shows: what stands word for word in the English catalogue, and any
 * other sentence with the small words that only English has.
 *
 * Left out: what people and machines wrote (names, addresses, commands), and what a page marks as English, since the
 * server said it.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';

const TEXTS = join(import.meta.dirname, '../../src/console/texts');
/** Of a shorter piece of a sentence it is not sure which language it is. */
const PIECE_LENGTH_MIN = 9;
/** Small words of English that no German sentence has. */
const ENGLISH_WORD =
  /(?<![\p{L}-])(?:the|of|and|is|are|not|with|you|your|this|that|has|have|to|from|it|its|by|on|or|no|for)(?![\p{L}-])/u;
const FILLED = '\u0001';

type Words = string | ((...given: string[]) => string) | { readonly [name: string]: Words };

/** @returns what the two languages say in the same place. */
function pairs(en: Words, de: Words): (readonly [string, string])[] {
  if (typeof en === 'object' && typeof de === 'object')
    return Object.entries(en).flatMap(([name, words]) => pairs(words, de[name]!));
  return [[said(en), said(de)]];
}

function said(words: Words): string {
  if (typeof words === 'function') return words(FILLED, FILLED, FILLED);
  return typeof words === 'string' ? words : '';
}

/** What an English page says, in whole texts and in pieces between what is filled in, and no German page. */
export async function englishTexts(): Promise<{ whole: Set<string>; pieces: string[] }> {
  const all: (readonly [string, string])[] = [];
  for (const file of readdirSync(TEXTS)) {
    const module = (await import(join(TEXTS, file)).catch(() => ({}))) as Record<string, unknown>;
    for (const one of Object.values(module)) {
      const { en, de } = (one ?? {}) as { readonly en?: Words; readonly de?: Words };
      if (typeof en === 'object' && typeof de === 'object' && en !== null && de !== null)
        all.push(...pairs(en, de));
    }
  }
  const german = new Set(all.map(([, de]) => de));
  const english = all.map(([en]) => en).filter((en) => !german.has(en));
  const germanText = [...german].join('\n');
  return {
    whole: new Set(english.filter((en) => !en.includes(FILLED) && en !== '')),
    pieces: english
      .filter((en) => en.includes(FILLED))
      .flatMap((en) => en.split(FILLED))
      .map((piece) => piece.trim())
      .filter((piece) => piece.length >= PIECE_LENGTH_MIN && !germanText.includes(piece)),
  };
}

/** Every text that is shown or read out, but for names, addresses, commands, and what is marked as English. */
const SHOWN = `(() => {
  const FOREIGN = '[lang=en], code, pre, bdi, time, script, style, noscript';
  const texts = [document.title.split(' · ').slice(1).join(' ')];
  for (const one of document.querySelectorAll('body, body *')) {
    if (one.closest(FOREIGN) !== null) continue;
    for (const name of ['aria-label', 'aria-description', 'placeholder', 'title', 'alt'])
      if (one.hasAttribute(name)) texts.push(one.getAttribute(name));
    for (const node of one.childNodes) if (node.nodeType === 3) texts.push(node.textContent);
  }
  return texts.map((text) => text.trim()).filter((text) => text !== '');
})()`;

export async function englishLeft(
  page: Page,
  { whole, pieces }: Awaited<ReturnType<typeof englishTexts>>,
): Promise<string[]> {
  const shown = (await page.evaluate(SHOWN)) as string[];
  return [
    ...new Set(
      shown.filter(
        (text) => whole.has(text) || ENGLISH_WORD.test(text) || pieces.some((piece) => text.includes(piece)),
      ),
    ),
  ];
}
