/** Real servers with a console, and people who are signed in at it, each in a browser window of their own. */
import type { Page } from 'playwright-core';
import type { Organisation, Server } from '#test/support/organisation.ts';
import { type Look, newWindow, setUpBy, type SetUp } from './browser.ts';

export interface ConsoleServer {
  readonly server: Server;
  readonly url: string;
}

export async function consoleServer(
  place: Organisation,
  name: string,
  listen = 'http://127.0.0.1:0',
): Promise<ConsoleServer> {
  const server = await place.server(name, { args: ['--console', listen] });
  return { server, url: (await server.call('serverStatus', {})).console! };
}

/** Roles that together hold every right. */
export const ALL_ROLES = ['Key custodian', 'Server administrator', 'Help desk', 'Auditor'] as const;

export interface SignedIn {
  readonly page: Page;
  readonly setUp: SetUp;
}

/** A new person, who went through their set-up link. */
export async function signedInAs(
  { server }: ConsoleServer,
  name: string,
  roles: readonly string[] = ALL_ROLES,
  look: Look = {},
): Promise<SignedIn> {
  const asked = roles.flatMap((role) => ['--role', role]);
  const { setupUrl } = await server.done(['people', 'add', name, ...asked]);
  const page = await newWindow(look);
  return { page, setUp: await setUpBy(page, String(setupUrl)) };
}
