/** A list of keys in a tab: what one act of a person makes it ask for and draw, and how long that takes. */
import type { Page } from 'playwright-core';

export interface Seen {
  /** From the act until the list is whole and calm again. */
  readonly ms: number;
  readonly requests: number;
  /** Drawn at the end. */
  readonly rows: number;
}

const CALM = '.list[aria-busy=false]';

export function watchedList(page: Page) {
  let requests = 0;
  page.on('request', (request) => {
    if (/\/api\/v1\/keys\?/.test(request.url())) requests += 1;
  });
  return {
    /** @param act asks the list for something else than it shows. */
    after: async (act: () => Promise<unknown>): Promise<Seen> => {
      requests = 0;
      const begun = performance.now();
      const answered = page.waitForResponse(/\/api\/v1\/keys\?/);
      await act();
      await answered;
      await page.locator(CALM).waitFor();
      const ms = Math.round(performance.now() - begun);
      return { ms, requests, rows: await page.locator('tbody tr').count() };
    },
  };
}
