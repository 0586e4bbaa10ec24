/** A page as somebody has it who has no pointer. */
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';

/** Presses Tab until what has this name has the focus, which can be seen. */
export async function tabTo(page: Page, name: string): Promise<void> {
  const here = `(() => {
    const at = document.activeElement;
    const label = at.getAttribute('aria-label') ?? [...(at.labels?.length > 0 ? at.labels : [at])].map((one) => one.textContent).join('');
    return label.trim().startsWith(${JSON.stringify(name)});
  })()`;
  for (let tabs = 0; tabs < 60; tabs += 1) {
    if ((await page.evaluate(here)) === true) {
      assert.equal(await page.evaluate("document.activeElement.matches(':focus-visible')"), true, name);
      return;
    }
    await page.keyboard.press('Tab');
  }
  assert.fail(`Tab never reaches ${name}`);
}
