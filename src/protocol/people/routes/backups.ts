/** The calls about what a server knows of its backups. One is made as `transfers.ts` says. */
import { z } from 'zod';
import { OVERDUE } from '#domain/backup-age.ts';
import { NAME_LENGTH_MAX } from '#domain/limits.ts';
import { read, write } from '#domain/right.ts';
import { Uuid } from '../../fields.ts';
import { list, text, Time } from '../../forms.ts';
import { Empty, Field } from '../people-fields.ts';
import { row } from '../people-route.ts';

const SERVER = 'Administration Server';
const By = text(NAME_LENGTH_MAX);

const Backups = z.object({
  /** The last one that left the server whole. */
  made: z.object({ backup: Uuid, at: Field, by: By, keys: z.number() }).nullable(),
  /** The last restore drill that the server was told of. */
  checked: z.object({ backup: Uuid, madeAt: Field, at: Field, by: By }).nullable(),
  /** Keys on the server now. */
  keys: z.number(),
  /** What should be done again. */
  overdue: list(z.enum(OVERDUE), OVERDUE.length),
});

export const BACKUP_ROUTES = {
  showBackups: row({
    method: 'GET',
    path: '/server/backups',
    summary: 'Shows when the last backup was made, when one was last tried, and what is overdue.',
    rights: [read(SERVER)],
    request: Empty,
    answer: Backups,
    example: {},
  }),
  noteBackupCheck: row({
    method: 'POST',
    path: '/server/backups/{id}/checks',
    summary: 'Tells the server that a trial restore of one of its backups succeeded.',
    rights: [write(SERVER)],
    request: z.object({
      /** Of the backup, as its file says. */
      id: Uuid,
      /** Of the server that the file holds. */
      server: Uuid,
      madeAt: Time,
    }),
    answer: Backups,
    example: {
      id: '2f1c1f0e-5a0b-4c61-9d3e-6f0f7d1b2a90',
      server: '0d5bdac5-2d5c-4f4d-9d3c-6f0a4d6f5e11',
      madeAt: '2026-11-01T00:00:00Z',
    },
  }),
} as const;
