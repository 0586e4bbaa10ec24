/**
 * What `login` keeps, one file a URL in the user's own folder for state: the pinned certificate, and the session.
 *
 * Invariant: the holder of a session's file can act as that person until the session ends. So folder and file are their
 * owner's alone, a file appears whole, and one that others can read is not used.
 */
import { randomBytes } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { makeClosedDirectory, requireClosedDirectory, requireOwnFile } from '#disk/closed-directory.ts';
import { exposureOf } from '#disk/named-file.ts';
import { writeWholeFile } from '#disk/whole-file.ts';
import { isObject, parseJson } from '#domain/bounded-json.ts';
import { KeystairError } from '#domain/errors.ts';

export interface KeptLogin {
  /** The origin. */
  readonly url: string;
  readonly server: { readonly id: string; readonly name: string };
  /** SHA-256 of the one certificate that is good enough; null where an authority vouches for the server. */
  readonly fingerprint: string | null;
  /** Null where only the certificate was pinned. */
  readonly session: {
    readonly person: string;
    /** `name=value`. */
    readonly cookie: string;
    /** That this person signed in from here before: keeps strangers who guess at the name from holding them up. */
    readonly device: string | null;
    readonly expiresAt: string;
  } | null;
}

const FOLDER = 'the folder of logins';
const ENDING = '.login';
/** Far above a URL, two names and two tokens. */
const LOGIN_BYTES_MAX = 16 * 1024;
const LOGIN_JSON = { length: LOGIN_BYTES_MAX, depth: 4, values: 100 };

function pathOf(folder: string, url: string): string {
  return join(folder, `${encodeURIComponent(url)}${ENDING}`);
}

/** Throws `data-exposed` where others may read or have laid it. */
export function readLogin(folder: string, url: string): KeptLogin | undefined {
  const path = pathOf(folder, url);
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
  requireClosedDirectory(folder, FOLDER);
  requireOwnFile(path);
  const found = statSync(path);
  const exposed = exposureOf(path, found);
  if (exposed !== undefined) {
    throw new KeystairError('data-exposed', `the login ${path} ${exposed.because}`, {
      nextStep: `${exposed.nextStep}; then run \`keystair logout --url ${url}\`, since somebody may have read it`,
    });
  }
  const login = found.size > LOGIN_BYTES_MAX ? undefined : loginIn(readFileSync(path, 'utf8'));
  if (login?.url === url) return login;
  throw new KeystairError('data-damaged', `the login ${path} cannot be read`, {
    nextStep: `remove it, and run \`keystair login --url ${url}\``,
  });
}

/** Those that can be read; for a look at what is there. */
export function listLogins(folder: string): KeptLogin[] {
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names
    .filter((name) => name.endsWith(ENDING))
    .toSorted()
    .flatMap((name) => {
      try {
        return readLogin(folder, decodeURIComponent(name.slice(0, -ENDING.length))) ?? [];
      } catch {
        return [];
      }
    });
}

export async function keepLogin(folder: string, login: KeptLogin): Promise<void> {
  makeClosedDirectory(folder, FOLDER);
  requireClosedDirectory(folder, FOLDER);
  const path = pathOf(folder, login.url);
  requireOwnFile(path);
  const text = Buffer.from(`${JSON.stringify(login)}\n`);
  await writeWholeFile({ path, force: true, random: randomBytes }, once(text));
}

export function forgetLogin(folder: string, url: string): void {
  rmSync(pathOf(folder, url), { force: true });
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function loginIn(text: string): KeptLogin | undefined {
  try {
    const found = parseJson(text, LOGIN_JSON);
    return isLogin(found) ? found : undefined;
  } catch {
    return undefined;
  }
}

function isLogin(value: unknown): value is KeptLogin {
  if (!isObject(value) || !isObject(value['server'])) return false;
  const { url, server, fingerprint, session } = value;
  const texts = [url, server['id'], server['name'], fingerprint ?? ''];
  if (session !== null && !isObject(session)) return false;
  if (session !== null) {
    const { person, cookie, device, expiresAt } = session;
    texts.push(person, cookie, device ?? '', expiresAt);
  }
  return texts.every((one) => typeof one === 'string');
}
