/**
 * The calls by which export files leave and enter a server, and backups leave it.
 *
 * An export is started with a password or a recipient, in JSON, so that no address and no header contains a secret. The
 * answer names the path from which the person who started it fetches the file, once. A body that reaches its end is
 * whole; on a failure the connection breaks before the end, and the server's log says why. A backup works the same way.
 *
 * An import is started with the password of its file. Then the file is sent, and the answer says what it contains. Then
 * the whole import is confirmed or cancelled.
 */
import { z } from 'zod';
import {
  EXPORT_SELECTED_MAX,
  IMPORT_CONFLICTS_MAX,
  NAME_LENGTH_MAX,
  PASSWORD_BYTES_MAX,
} from '#domain/limits.ts';
import { read, write } from '#domain/right.ts';
import { Uuid } from '../../fields.ts';
import { list, matching, STOPS, text, Time } from '../../forms.ts';
import { Field, Named } from '../people-fields.ts';
import { row, streamRow } from '../people-route.ts';

const Password = text(PASSWORD_BYTES_MAX, 1);

export const ExportRequest = z
  .object({
    /** The keys of these devices together with these keys; neither means everything. */
    devices: list(Named, EXPORT_SELECTED_MAX).optional(),
    keys: list(Named, EXPORT_SELECTED_MAX).optional(),
    /** Instead of devices and keys: all keys that this search finds, as `find` of the list of keys. */
    find: text(NAME_LENGTH_MAX, 1).optional(),
    /** Narrows the selection. */
    createdAfter: Time.optional(),
    password: Password.optional(),
    /** `age1pq1…` or `age1…`, instead of a password. */
    recipient: text(4096, 1).optional(),
    /** The server itself or a neighbour that told its recipient, by id or name, instead of a password. */
    server: Named.optional(),
  })
  .refine(
    ({ password, recipient, server }) =>
      [password, recipient, server].filter((given) => given !== undefined).length === 1,
    { ...STOPS, message: 'give one of password, recipient and server' },
  )
  // They are written into the file's first line, and lines have a maximum length.
  .refine(({ devices = [], keys = [] }) => devices.length + keys.length <= EXPORT_SELECTED_MAX, {
    ...STOPS,
    message: `name at most ${EXPORT_SELECTED_MAX} devices and keys together`,
  })
  .refine(({ devices, keys, find }) => find === undefined || (devices === undefined && keys === undefined), {
    ...STOPS,
    message: 'give either a search or devices and keys',
  });
export type ExportRequest = z.infer<typeof ExportRequest>;

export const ImportRequest = z.object({
  /** Omitted for a file that is sealed to this server. */
  password: Password.optional(),
  /** SHA-256 of the file; no other file is accepted. An approval is bound to it. */
  digest: matching(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits').optional(),
});
export type ImportRequest = z.infer<typeof ImportRequest>;

/** A backup holds the root key, so it never goes without a password. */
export const BackupRequest = z.object({ password: Password });
export type BackupRequest = z.infer<typeof BackupRequest>;

export const ImportReport = z.object({
  new: z.number(),
  known: z.number(),
  conflicts: list(z.object({ id: text(NAME_LENGTH_MAX) }), IMPORT_CONFLICTS_MAX),
  /** Keys of the file that are left out, because the importer's right is limited and their devices are outside. */
  outside: z.number().optional(),
  dryRun: z.boolean(),
});
export type ImportReport = z.infer<typeof ImportReport>;

export const EXPORT_MEDIA_TYPE = 'application/age';

/** Headers of a file's answer: how many keys, and about how many bytes, will come. */
export const EXPORT_KEYS_HEADER = 'keystair-keys';
export const EXPORT_BYTES_HEADER = 'keystair-bytes-expected';

const KEYS = 'Encryption key management';
const EXAMPLE = { id: '2f1c1f0e-5a0b-4c61-9d3e-6f0f7d1b2a90' };
const ById = z.object({ id: Uuid });
/** @param download the whole path. */
const ToFetch = z.object({ id: Uuid, download: Field });

export const TRANSFER_ROUTES = {
  startExport: row({
    method: 'POST',
    path: '/keys/exports',
    summary:
      'Starts an export of all or chosen keys. Fetch the file once, within ten minutes, from the path in the answer.',
    repeated: 'answer',
    rights: [read(KEYS)],
    limitable: true,
    fresh: true,
    act: 'keys.export',
    secrets: ['password'],
    request: ExportRequest,
    answer: ToFetch,
    example: { devices: ['laptop-17'], password: '…' },
  }),
  downloadExport: streamRow({
    method: 'GET',
    path: '/keys/exports/{id}',
    summary:
      'Sends the file of an export, to the person who started it. A download that broke off may be repeated.',
    rights: [read(KEYS)],
    limitable: true,
    stream: 'download',
    mediaType: EXPORT_MEDIA_TYPE,
    request: ById,
    answer: z.unknown(),
    example: EXAMPLE,
  }),
  startImport: row({
    method: 'POST',
    path: '/keys/imports',
    summary:
      'Starts an import. Send the file to the path `upload`, then confirm the import at the path `confirm`, within ten minutes.',
    repeated: 'answer',
    rights: [write(KEYS)],
    limitable: true,
    fresh: true,
    act: 'keys.import',
    secrets: ['password'],
    request: ImportRequest,
    answer: z.object({ id: Uuid, upload: Field, confirm: Field }),
    example: { password: '…' },
  }),
  uploadImport: streamRow({
    method: 'PUT',
    path: '/keys/imports/{id}/file',
    summary:
      'Takes the file of an import, checks all of it, and answers what it would bring. Nothing is imported yet.',
    rights: [write(KEYS)],
    limitable: true,
    stream: 'upload',
    mediaType: 'application/octet-stream',
    request: ById,
    answer: ImportReport,
    example: EXAMPLE,
  }),
  confirmImport: row({
    method: 'POST',
    path: '/keys/imports/{id}/confirm',
    summary:
      'Imports all keys of the file that was sent. From then on the server finishes the import, even after a restart.',
    job: true,
    rights: [write(KEYS)],
    limitable: true,
    request: ById,
    answer: ImportReport,
    example: EXAMPLE,
  }),
  cancelImport: row({
    method: 'DELETE',
    path: '/keys/imports/{id}',
    summary: 'Cancels an import that was not confirmed. Nothing of its file stays.',
    rights: [write(KEYS)],
    limitable: true,
    request: ById,
    answer: z.object({}),
    example: EXAMPLE,
  }),
  /** A backup gives its maker every key, and the server itself. */
  startBackup: row({
    method: 'POST',
    path: '/server/backups',
    summary:
      'Starts a backup of the whole server. Fetch the file once, within ten minutes, from the path in the answer.',
    repeated: 'answer',
    rights: [write('Administration Server'), read(KEYS)],
    fresh: true,
    act: 'keys.export',
    secrets: ['password'],
    request: BackupRequest,
    answer: ToFetch,
    example: { password: '…' },
  }),
  downloadBackup: streamRow({
    method: 'GET',
    path: '/server/backups/{id}',
    summary:
      'Sends the backup, of the server at the time of fetching, to the person who started it. A download that broke off may be repeated.',
    rights: [write('Administration Server'), read(KEYS)],
    stream: 'download',
    mediaType: EXPORT_MEDIA_TYPE,
    request: ById,
    answer: z.unknown(),
    example: EXAMPLE,
  }),
} as const;
