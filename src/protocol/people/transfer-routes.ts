/**
 * The calls by which export files leave and enter a server, and backups leave it: the only ones of the people's API
 * whose bodies are streams.
 *
 * An export is asked for in JSON, so that no address and no header holds the password. The answer is the encrypted file
 * as it is made. A body that reaches its end is whole; on a failure the connection breaks before the end, and the
 * server's log says why. A backup works the same way.
 *
 * An import is one body: a line of JSON, then the file as it is. Until the file has proved whole, refusals are problem
 * documents like those of any other call. The status 200 says that the import is confirmed and will run to its end
 * whatever becomes of the connection; lines of JSON then report progress, and the last line is the report.
 */
import { z } from 'zod';
import {
  EXPORT_SELECTED_MAX,
  IMPORT_CONFLICTS_MAX,
  NAME_LENGTH_MAX,
  PASSWORD_BYTES_MAX,
} from '#domain/limits.ts';
import { type RequiredRights, read, write } from '#domain/right.ts';
import { list, STOPS, text, Time } from '../forms.ts';
import { Problem } from '../problem.ts';
import { Named } from './people-fields.ts';

const Password = text(PASSWORD_BYTES_MAX, 1);

export const ExportRequest = z
  .object({
    /** The keys of these devices together with these keys; neither means everything. */
    devices: list(Named, EXPORT_SELECTED_MAX).optional(),
    keys: list(Named, EXPORT_SELECTED_MAX).optional(),
    /** Narrows the selection. */
    createdAfter: Time.optional(),
    password: Password.optional(),
    /** `age1pq1…` or `age1…`, instead of a password. */
    recipient: text(4096, 1).optional(),
  })
  .refine(({ password, recipient }) => (password === undefined) !== (recipient === undefined), {
    ...STOPS,
    message: 'give either a password or a recipient',
  })
  // They are in the first line of the file, which has a greatest length like every other.
  .refine(({ devices = [], keys = [] }) => devices.length + keys.length <= EXPORT_SELECTED_MAX, {
    ...STOPS,
    message: `name at most ${EXPORT_SELECTED_MAX} devices and keys together`,
  });
export type ExportRequest = z.infer<typeof ExportRequest>;

export const ImportRequest = z.object({
  /** Omitted for a file that is sealed to this server. */
  password: Password.optional(),
  dryRun: z.boolean(),
});
export type ImportRequest = z.infer<typeof ImportRequest>;

/** A backup holds the root key, so it never goes without a password. */
export const BackupRequest = z.object({ password: Password });
export type BackupRequest = z.infer<typeof BackupRequest>;

export const ImportReport = z.object({
  new: z.number(),
  known: z.number(),
  conflicts: list(z.object({ id: text(NAME_LENGTH_MAX) }), IMPORT_CONFLICTS_MAX),
  dryRun: z.boolean(),
});
export type ImportReport = z.infer<typeof ImportReport>;

export const ImportLine = z.union([
  z.object({ recorded: z.number(), of: z.number() }),
  z.object({ report: ImportReport }),
  /** Confirmed, and not yet complete; the server tries again by itself. */
  z.object({ problem: Problem }),
]);
export type ImportLine = z.infer<typeof ImportLine>;

export const EXPORT_MEDIA_TYPE = 'application/age';
export const IMPORT_MEDIA_TYPE = 'application/vnd.keystair.import';
export const LINES_MEDIA_TYPE = 'application/x-ndjson';

/** Of an export's answer: how many keys, and about how many bytes, will come. */
export const EXPORT_KEYS_HEADER = 'keystair-keys';
export const EXPORT_BYTES_HEADER = 'keystair-bytes-expected';

export interface TransferRoute {
  readonly method: 'POST';
  readonly path: string;
  readonly rights: RequiredRights;
}

const KEYS = 'Encryption key management';

export const TRANSFER_ROUTES = {
  exportKeys: { method: 'POST', path: '/api/keys/exports', rights: [read(KEYS)] },
  /** A dry run too: it reads the whole file and reports what an import would do. */
  importKeys: { method: 'POST', path: '/api/keys/imports', rights: [write(KEYS)] },
  /** A backup gives its maker every key, and the server itself. */
  backup: {
    method: 'POST',
    path: '/api/server/backups',
    rights: [write('Administration Server'), read(KEYS)],
  },
} as const satisfies Readonly<Record<string, TransferRoute>>;

export type TransferRouteName = keyof typeof TRANSFER_ROUTES;
