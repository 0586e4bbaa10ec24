/**
 * Every page as people have it: light, dark, on a phone and in German; and as somebody has it who has no right at all.
 * Nothing keeps people out, nothing is cut off at the edge, nothing breaks the page's policy.
 *
 * With KEYSTAIR_PHOTOGRAPHS=FOLDER each is photographed, to be looked at.
 */
import { before, test } from 'node:test';
import { CONSOLE_PAGES } from '#protocol/people/console-pages.ts';
import { joinServers, organisation, type Server, setOption } from '#test/support/organisation.ts';
import { closeWindow, newWindow, setUpBy, type SetUp, SKIP, signIn } from './browser.ts';
import { LOOKS, look } from './look.ts';

/** On these everybody has something: what to ask, what they asked for, which report, what is theirs. */
const FOR_ALL = new Set(['why', 'approvals', 'reports', 'me']);
const LACKING = { en: /You lack the right|This needs the right/, de: 'Ihnen fehlt das Recht' } as const;
const CUSTODIAN = ['Key custodian', 'Server administrator', 'Help desk', 'Auditor'];

const place = organisation('console-pages', { passwords: 'cheap' });
let root: Server;
let url: string;
let setUp: SetUp;
let setUpWithout: SetUp;
let key: string;

if (SKIP.skip === false)
  before(async () => {
    root = await place.server('Headquarters', { args: ['--console', 'http://127.0.0.1:0'] });
    const [lyon, oslo, workshop] = await Promise.all(
      ['Lyon', 'Oslo', 'Workshop'].map((name) => place.server(name)),
    );
    await setOption(true, root, lyon!, workshop!);
    await joinServers(lyon!, root);
    await joinServers(oslo!, root);
    await joinServers(workshop!, root, { dmz: true });
    const laptop = await place.enrol('laptop-lyon', lyon!);
    key = await laptop.encrypt('the plan', place.path('plan.age'));
    const tower = await place.enrol('tower-7', root);
    await tower.encrypt('figures', place.path('figures.age'));
    await lyon!.heartbeat();
    await root.done(['people', 'add', 'Help Desk', '--role', 'Help desk']);
    const roles = CUSTODIAN.flatMap((role) => ['--role', role]);
    const { setupUrl } = await root.done(['people', 'add', 'Anna Berg', ...roles]);
    url = (await root.call('serverStatus', {})).console!;
    const page = await newWindow();
    setUp = await setUpBy(page, String(setupUrl));
    await closeWindow(page);
    const without = await root.done(['people', 'add', 'Eva Falk']);
    const other = await newWindow();
    setUpWithout = await setUpBy(other, String(without['setupUrl']));
    await closeWindow(other);
  });

for (const [how, eyes] of Object.entries(LOOKS)) {
  void test(`each page can be used by everybody: ${how}`, SKIP, async () => {
    const page = await newWindow(eyes);
    await page.goto(url);
    await look(page, 'sign-in', how);
    await signIn(page, url, 'Anna Berg', setUp, eyes.language);
    for (const name of CONSOLE_PAGES) {
      await page.goto(`${url}/${name}`);
      await look(page, name, how);
    }
    await page.goto(`${url}/why?key=${key}`);
    await look(page, 'why-answered', how);
    await page.goto(`${url}/keys?key=${key}`);
    await look(page, 'key', how);
    await page.goto(`${url}/overview?properties=${root.id}&section=encryption`);
    await look(page, 'properties', how);
    await closeWindow(page);
  });
}

for (const [how, eyes] of Object.entries(LOOKS)) {
  void test(`each page says which right somebody lacks: ${how}`, SKIP, async () => {
    const page = await newWindow(eyes);
    await signIn(page, url, 'Eva Falk', setUpWithout, eyes.language);
    for (const name of CONSOLE_PAGES) {
      await page.goto(`${url}/${name}`);
      await page.locator('main section').first().waitFor();
      if (!FOR_ALL.has(name))
        await page
          .locator('main')
          .getByText(LACKING[eyes.language ?? 'en'])
          .first()
          .waitFor();
      await look(page, `${name}-without`, how);
    }
    await page.goto(`${url}/overview?properties=${root.id}&section=encryption`);
    await page.getByRole('tabpanel').waitFor();
    await look(page, 'properties-without', how);
    await closeWindow(page);
  });
}
