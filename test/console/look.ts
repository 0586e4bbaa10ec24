/**
 * Looks at a page as people have it: light, dark, on a phone, in German. Nothing is cut off at the edge, and nothing
 * keeps people out.
 *
 * With KEYSTAIR_PHOTOGRAPHS=FOLDER each is photographed, to be looked at.
 */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { accessibilityFaults, type Look } from './browser.ts';

const FOLDER = process.env['KEYSTAIR_PHOTOGRAPHS'];

export const LOOKS: Readonly<Record<string, Look>> = {
  light: {},
  dark: { dark: true },
  phone: { width: 390, height: 800 },
  german: { language: 'de' },
};

export async function look(page: Page, name: string, how: string): Promise<void> {
  await page.waitForLoadState('networkidle');
  if (FOLDER !== undefined) {
    mkdirSync(FOLDER, { recursive: true });
    await page.screenshot({ path: join(FOLDER, `${name}-${how}.png`), fullPage: true });
  }
  const overflow = await page.evaluate(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  );
  assert.equal(overflow, 0, `${name} is wider than the screen`);
  const cut = await page.evaluate(
    "[...document.querySelectorAll('.list > div')].filter((one) => one.scrollWidth > one.clientWidth).length",
  );
  assert.equal(cut, 0, `a list of ${name} is cut off at its edge`);
  if (how === 'light' || how === 'dark') assert.deepEqual(await accessibilityFaults(page), [], name);
}
