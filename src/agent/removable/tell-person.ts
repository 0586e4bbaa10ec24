/**
 * Tells whoever sits at the device, in each session that can show it: `notify-send`, run as that session's user.
 *
 * Invariant: what a stick calls itself is text and never markup, an option or a command. Telling never fails and never
 * holds anything up for long: it stands in the log as well.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { findTool, runTool } from '../drives/run-tool.ts';

/** A session's bus answers at once, or not at all. */
const TELL_MS_MAX = 5000;
/** More people do not sit at one device. */
const SESSIONS_MAX = 16;

export async function tellPerson(
  text: string,
  {
    folders,
    sessions = '/run/user',
  }: { readonly folders?: readonly string[] | undefined; readonly sessions?: string },
): Promise<void> {
  const [notify, setpriv, env] = await Promise.all(
    ['notify-send', 'setpriv', 'env'].map((name) => findTool(name, folders)),
  );
  if (notify === undefined || setpriv === undefined || env === undefined) return;
  for (const user of await usersOf(sessions)) {
    const asUser = [`--reuid=${user}`, `--regid=${user}`, '--clear-groups', '--no-new-privs'];
    const bus = `DBUS_SESSION_BUS_ADDRESS=unix:path=${join(sessions, user, 'bus')}`;
    const words = ['--app-name=Keystair', '--urgency=critical', '--', 'Keystair', withoutMarkup(text)];
    const args = [...asUser, env, bus, notify, ...words];
    const signal = AbortSignal.timeout(TELL_MS_MAX);
    await runTool(setpriv, args, { folders, signal }).catch(() => undefined);
  }
}

/** Ids of users with a session bus. */
async function usersOf(sessions: string): Promise<readonly string[]> {
  const found: string[] = [];
  const users = await readdir(sessions).catch((): string[] => []);
  for (const user of users.filter((name) => /^[1-9][0-9]*$/.test(name)).slice(0, SESSIONS_MAX)) {
    const within = await readdir(join(sessions, user)).catch((): string[] => []);
    if (within.includes('bus')) found.push(user);
  }
  return found;
}

function withoutMarkup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
