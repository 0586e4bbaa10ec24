/**
 * Two people with different roles at Headquarters, and how a newcomer becomes each of them in a browser.
 *
 * Invariant: only this demonstration prints a set-up link beside what else it says; its servers end with it.
 */
import { access } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { dataOf, keystair, type Organisation, type ServerAddresses, type ServerName } from './processes.ts';

const CONSOLE_PAGE = resolve(import.meta.dirname, '..', 'dist', 'console', 'index.html');

interface Newcomer {
  readonly name: string;
  readonly role: string;
  readonly setupUrl: string;
}

export interface Newcomers {
  readonly custodian: Newcomer;
  readonly helpDesk: Newcomer;
}

async function addPerson(organisation: Organisation, name: string, role: string): Promise<Newcomer> {
  const data = dataOf(organisation, 'Headquarters');
  const { setupUrl } = await keystair(organisation, ['people', 'add', name, '--role', role, '--data', data]);
  return { name, role, setupUrl: String(setupUrl) };
}

export async function addPeople(organisation: Organisation): Promise<Newcomers> {
  const [custodian, helpDesk] = await Promise.all([
    addPerson(organisation, 'Anna Berg', 'Key custodian'),
    addPerson(organisation, 'Kari Holm', 'Help desk'),
  ]);
  return { custodian, helpDesk };
}

export function rolesOf({ custodian, helpDesk }: Newcomers): string {
  return [custodian, helpDesk].map(({ name, role }) => `${name} is ${role}`).join(', ');
}

/** What to open, as whom, and what to try there. */
export async function howToSignIn(
  organisation: Organisation,
  addresses: Readonly<Record<ServerName, ServerAddresses>>,
  { custodian, helpDesk }: Newcomers,
): Promise<readonly string[]> {
  const built = await access(CONSOLE_PAGE).then(
    () => true,
    () => false,
  );
  const file = join(organisation.folder, 'lyon-inbox', 'plan.txt.age');
  const { Headquarters, Oslo, Lyon } = addresses;
  return [
    ...(built
      ? []
      : ['The console was not built here: npm ci && npm run console:build, then npm start again.']),
    `The console of Headquarters: ${Headquarters.console}`,
    '',
    'Each of these links works once, within the hour. It asks for a password of your choice, and shows a secret for an',
    'app that makes one-time codes. Open the second one in a private window: a browser is one person at a time.',
    '',
    `  ${custodian.name}, ${custodian.role}:`,
    `  ${custodian.setupUrl}`,
    '    The settings icon of Headquarters, "Encryption algorithm": export the encryption keys into a file.',
    '',
    `  ${helpDesk.name}, ${helpDesk.role}:`,
    `  ${helpDesk.setupUrl}`,
    `    "Why does it not open?" with the file ${file}`,
    '    The settings icon of Headquarters, "Encryption algorithm": with the pointer on the export, which she may not do,',
    '    it says which right she lacks.',
    '',
    `Oslo has a console too, ${Oslo.console}, and so has Lyon, ${Lyon.console}. Nobody can sign in there yet:`,
    `  bin/keystair people add NAME --role "Server administrator" --data ${dataOf(organisation, 'Oslo')}`,
  ];
}
