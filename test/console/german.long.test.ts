/** A German page speaks German where the server speaks English: warnings, refusals, rights, and reports. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { organisation } from '#test/support/organisation.ts';
import { closeWindow, newWindow, SKIP, signIn } from './browser.ts';
import { consoleServer, signedInAs } from './console-server.ts';
import { look } from './look.ts';

const place = organisation('console-german', { passwords: 'cheap' });

void test('a warning, report, refusal and missing right are in the language of the page', SKIP, async () => {
  const oslo = await consoleServer(place, 'Oslo');
  await place.enrol('laptop', oslo.server);
  const setUps = [];
  for (const [name, roles] of [
    ['Anna', ['Server administrator']],
    ['Eva', ['Help desk']],
  ] as const) {
    const { page, setUp } = await signedInAs(oslo, name, roles);
    await closeWindow(page);
    setUps.push(setUp);
  }
  const anna = await newWindow({ language: 'de' });
  await signIn(anna, oslo.url, 'Anna', setUps[0]!, 'de');
  const { warnings } = await oslo.server.call('serverStatus', {});
  const beside = warnings.find(({ about }) => about?.name === 'key-file-beside-database')!;
  await anna.goto(`${oslo.url}/overview`);
  await anna.getByText('Wer die Platte mitnimmt, hat jeden Schlüssel.').waitFor();
  assert.equal(await anna.getByText(beside.nextStep!).count(), 0);
  await look(anna, 'warned', 'german');

  await anna.goto(`${oslo.url}/reports`);
  await anna.getByRole('button', { name: 'Bericht erstellen' }).click();
  await anna.getByRole('columnheader', { name: 'Zuletzt gehört' }).waitFor();
  await anna.getByRole('cell', { name: 'verwaltet' }).waitFor();
  await look(anna, 'report', 'german');
  const [file] = await Promise.all([
    anna.waitForEvent('download'),
    anna.getByRole('button', { name: 'Als CSV sichern' }).click(),
  ]);
  const csv = readFileSync(await file.path(), 'utf8');
  assert.match(
    csv,
    /^\ufeff"Gerät","Kennung","Schlüssel","Laufwerke","Zustand","Zuletzt gehört"\r\n"laptop",/,
  );

  // The last one that may manage people stays: the server says why, the page says it in German.
  await anna.goto(`${oslo.url}/people`);
  await anna.getByRole('row', { name: 'Anna' }).getByRole('button').last().click();
  await anna.getByRole('menuitem', { name: 'Entfernen…' }).click();
  await anna.getByRole('dialog').getByRole('button', { name: 'Entfernen' }).click();
  await anna.getByRole('alert').getByText('Danach könnte niemand mehr Personen verwalten.').waitFor();
  await look(anna, 'refused', 'german');
  await closeWindow(anna);

  const eva = await newWindow({ language: 'de' });
  await signIn(eva, oslo.url, 'Eva', setUps[1]!, 'de');
  await eva.goto(`${oslo.url}/people`);
  await eva.getByText('Ihnen fehlt das Recht Lesen für „Personen“.').waitFor();
  await closeWindow(eva);
});
