/**
 * A real browser on a console's pages, as a person has it: Debian's Chromium, driven by what a person sees and hears.
 *
 * Whatever a page does that its policy forbids, or throws, or logs as an error, fails the test.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after } from 'node:test';
import { type Browser, type BrowserContext, type Page, chromium } from 'playwright-core';
import { TOTP } from 'otpauth';
import { toolPath, unlessInstalled } from '#test/agent/system-tools.ts';

export const SKIP = { skip: unlessInstalled('chromium') };

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** A busy machine takes its time; only a test that hangs ever waits so long. */
const PATIENCE_MS = 120_000;
/** So many times slower the pages are, to find what holds on a quick machine only; 1 where nothing is said. */
const SLOWER = Number(process.env['KEYSTAIR_SLOWER_PAGES'] ?? 1);

let browser: Browser | undefined;
after(() => browser?.close());

/** What a page complained of. */
const complaints = new WeakMap<BrowserContext, string[]>();

export interface Look {
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
  /** A screen that fingers touch. */
  readonly touch?: boolean;
  readonly language?: 'en' | 'de';
  /** As https://www.iana.org/time-zones names it. */
  readonly zone?: string;
}

/** A window of its own, with no cookies from before. */
export async function newWindow({
  width = 1280,
  height = 860,
  dark = false,
  touch = false,
  language = 'en',
  zone = 'UTC',
}: Look = {}): Promise<Page> {
  browser ??= await chromium.launch({ executablePath: toolPath('chromium')!, args: FLAGS });
  const context = await browser.newContext({
    viewport: { width, height },
    hasTouch: touch,
    colorScheme: dark ? 'dark' : 'light',
    locale: language,
    timezoneId: zone,
    ignoreHTTPSErrors: true,
    acceptDownloads: true,
  });
  context.setDefaultTimeout(PATIENCE_MS);
  const heard: string[] = [];
  complaints.set(context, heard);
  context.on('page', (page) => {
    if (SLOWER > 1)
      context
        .newCDPSession(page)
        .then((session) => session.send('Emulation.setCPUThrottlingRate', { rate: SLOWER }))
        .catch(() => undefined);
    page.on('pageerror', (error) => heard.push(`threw: ${error.message}`));
    page.on('console', (message) => {
      // A refusal that the page handles is an answer, and the browser calls it an error all the same.
      if (message.type() === 'error' && !/Failed to load resource/.test(message.text()))
        heard.push(message.text());
    });
  });
  return context.newPage();
}

/** Closes the window, and fails if its pages complained. */
export async function closeWindow(page: Page): Promise<void> {
  const context = page.context();
  await context.close();
  assert.deepEqual(complaints.get(context), []);
}

/** What begins to fade has begun by then. */
const FADE_BEGINS_MS = 50;
const STILL =
  "document.getAnimations().every(({ playState, effect }) => playState !== 'running' || effect.getTiming().iterations === Infinity)";

/**
 * Of an open menu, as the kit builds it: it stands beside the page's landmarks, and holds an element that only takes
 * the focus. Both are the kit's to change, and the menu is read out well.
 */
const MENU_OF_THE_KIT = /^(region: [^|]*data-portal|aria-required-children: [^|]*role="menu")[^|]*$/;

/** What a stranger finds that keeps people out: https://github.com/dequelabs/axe-core */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  // A window that still fades in has the contrast of its fading.
  await page.waitForTimeout(FADE_BEGINS_MS);
  await untilTrue(page, STILL);
  // The page's policy takes no foreign script, so it is run by the debugger.
  const session = await page.context().newCDPSession(page);
  await session.send('Runtime.evaluate', { expression: AXE });
  const { result } = await session.send('Runtime.evaluate', {
    expression: `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
      JSON.stringify(violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html.slice(0, 120)).join(' | '))))`,
    awaitPromise: true,
    returnByValue: true,
  });
  return (JSON.parse(String(result.value)) as string[]).filter((fault) => !MENU_OF_THE_KIT.test(fault));
}

/** The app on the person's phone. */
export function codeOf(secret: string, atMs = Date.now()): string {
  return new TOTP({ secret }).generate({ timestamp: atMs });
}

export interface SetUp {
  readonly password: string;
  readonly secret: string;
  /** Taken out as they are used. */
  readonly recoveryCodes: string[];
}

/** Goes through a set-up link to its end, where the person is signed in. */
export async function setUpBy(
  page: Page,
  link: string,
  password = 'correct horse battery staple 42',
): Promise<SetUp> {
  await page.goto(link);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByLabel('Repeat password').fill(password);
  await page.getByRole('button', { name: 'Continue' }).click();
  const secret = (await page.getByLabel('Secret').textContent())!.trim();
  await page.getByLabel('One-time code').fill(codeOf(secret));
  await page.getByRole('button', { name: 'Finish' }).click();
  await page.getByText('Your recovery codes').waitFor();
  const recoveryCodes = await page.locator('code').allTextContents();
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  return { password, secret, recoveryCodes };
}

const SIGN_IN = {
  en: { name: 'Name', password: 'Password', code: 'One-time code', submit: 'Sign in' },
  de: { name: 'Name', password: 'Passwort', code: 'Einmalcode', submit: 'Anmelden' },
} as const;

/** With a recovery code: a code of the app works once, and the next one comes in half a minute. */
export async function signIn(
  page: Page,
  url: string,
  name: string,
  { password, recoveryCodes }: SetUp,
  language: keyof typeof SIGN_IN = 'en',
): Promise<void> {
  const words = SIGN_IN[language];
  await page.goto(url);
  await page.getByLabel(words.name, { exact: true }).fill(name);
  await page.getByLabel(words.password, { exact: true }).fill(password);
  await page.getByRole('button', { name: words.submit, exact: true }).click();
  await page.getByLabel(words.code).waitFor();
  await page.locator('form button[type=button]').last().click();
  await page.locator('form input').fill(recoveryCodes.pop()!);
  await page.getByRole('button', { name: words.submit, exact: true }).click();
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.locator('section').first().waitFor();
}

/** In the window that lies over a page whose session ended. */
export async function signInAgain(page: Page, { password, recoveryCodes }: SetUp): Promise<void> {
  const window = page.getByRole('dialog', { name: 'Sign in again' });
  await window.getByLabel('Password', { exact: true }).fill(password);
  await window.getByRole('button', { name: 'Sign in', exact: true }).click();
  await window.getByRole('button', { name: 'Use a recovery code' }).click();
  await window.getByLabel('Recovery code').fill(recoveryCodes.pop()!);
  await window.getByRole('button', { name: 'Sign in', exact: true }).click();
  await window.waitFor({ state: 'detached' });
}

/**
 * Waits until an expression is true in the page. The browser's own way evaluates text in the page, whose policy forbids
 * it.
 */
export async function untilTrue(page: Page, expression: string): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; (await page.evaluate(expression)) !== true; ) {
    assert.ok(Date.now() < end, `it never came true: ${expression}`);
    await page.waitForTimeout(50);
  }
}
