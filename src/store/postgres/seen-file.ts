/**
 * What a process last knew committed, in its own data directory, and what a person accepted in its place. Only the
 * directory's owner can write there, so what stands in these files is believed.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { requireOwnFile } from '#disk/closed-directory.ts';
import { flush } from '#disk/flush.ts';
import { parseJson } from '#domain/bounded-json.ts';
import { KeystairError } from '#domain/errors.ts';
import { REQUEST_JSON } from '#domain/json-bounds.ts';
import { formed, matching, text, Time, whole } from '#protocol/forms.ts';

const SEEN_FILE = 'last-seen.json';
const ACCEPTED_FILE = 'accepted-rollback.json';
const OWNER_ONLY = 0o600;
/** A system identifier has 64 bits. */
const SYSTEM_DIGITS_MAX = 20;

const Seq = whole(0, Number.MAX_SAFE_INTEGER);
const Hex = matching(/^[0-9a-f]{0,64}$/, 'up to 64 hexadecimal digits');
const HistoryForm = z.strictObject({ system: text(SYSTEM_DIGITS_MAX, 1), timeline: whole(1, 0xff_ff_ff_ff) });
const SeenForm = HistoryForm.extend({
  keys: z.strictObject({ seq: Seq, chain: Hex }),
  audit: z.strictObject({ seq: Seq, mac: Hex }),
});
const KeptForm = z.strictObject({
  seen: SeenForm,
  /** A database with an older past that was met since. */
  met: HistoryForm.optional(),
});
const AcceptedForm = z.strictObject({ at: Time, seen: HistoryForm, found: HistoryForm });

/** The newest group that a process knows committed: where, and both heads in hexadecimal digits. */
export type Seen = z.infer<typeof SeenForm>;
export type Kept = z.infer<typeof KeptForm>;
type Accepted = z.infer<typeof AcceptedForm>;

/** Undefined where nothing was kept yet. Throws `data-damaged`. */
export function readKept(directory: string): Kept | undefined {
  return readForm(directory, SEEN_FILE, KeptForm);
}

export function readAccepted(directory: string): Accepted | undefined {
  return readForm(directory, ACCEPTED_FILE, AcceptedForm);
}

/** Replaces what was kept, whole or not at all. */
export async function writeKept(directory: string, kept: Kept): Promise<void> {
  const path = join(directory, SEEN_FILE);
  const handle = await open(`${path}.new`, 'w', OWNER_ONLY);
  try {
    await handle.writeFile(JSON.stringify(kept));
    await flush(handle);
  } finally {
    await handle.close();
  }
  await rename(`${path}.new`, path);
}

export function writeAccepted(directory: string, accepted: Accepted): void {
  writeFileSync(join(directory, ACCEPTED_FILE), JSON.stringify(accepted), { mode: OWNER_ONLY, flush: true });
}

export function removeAccepted(directory: string): void {
  rmSync(join(directory, ACCEPTED_FILE), { force: true });
}

/** The database holds another life of the server from now on: what was seen of the one before is no measure. */
export function forgetSeen(directory: string): void {
  rmSync(join(directory, SEEN_FILE), { force: true });
  removeAccepted(directory);
}

function readForm<Form extends z.ZodType>(
  directory: string,
  name: string,
  form: Form,
): z.output<Form> | undefined {
  const path = join(directory, name);
  if (!requireOwnFile(path)) return undefined;
  let value: unknown;
  try {
    value = parseJson(readFileSync(path, 'utf8'), REQUEST_JSON);
  } catch {
    value = undefined;
  }
  const parsed = formed(form, value);
  if (parsed.ok) return parsed.value;
  throw new KeystairError('data-damaged', `${path} is damaged`, {
    nextStep:
      'look whether the database is the right one and has lost nothing; then remove the file, and the database is believed as it is',
  });
}
