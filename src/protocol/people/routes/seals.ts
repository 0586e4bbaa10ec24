/**
 * The calls about seals and data keys, rows of the people's API like all others. A sealed server answers only the first
 * two.
 */
import { z } from 'zod';
import { NAME_LENGTH_MAX, SEALS_MAX } from '#domain/limits.ts';
import { read, write } from '#domain/right.ts';
import { ServerNameSchema } from '../../fields.ts';
import { list, text } from '../../forms.ts';
import { peopleRoute as row } from '../people-route.ts';
import {
  About,
  AddSealRequest,
  InitRecoveryAnswer,
  InitRecoveryRequest,
  SealState,
  SealWarnings,
  ShownSeal,
  UnsealBody,
} from '../seal-messages.ts';
import { Empty, Field } from '../people-fields.ts';

const SERVER = 'Administration Server';
const EVERY_KEY = read('Encryption key management');

export const SEAL_ROUTES = {
  sealState: row('GET', '/api/server/seal-state', [read(SERVER)], Empty, SealState),
  /** A server that is not sealed answers too: then nothing was done, and `seal` is null. */
  unseal: row(
    'POST',
    '/api/server/unseal',
    [write(SERVER)],
    UnsealBody,
    z.object({ server: ServerNameSchema, seal: Field.nullable(), kind: Field.nullable() }),
  ),
  listSeals: row(
    'GET',
    '/api/server/seals',
    [read(SERVER)],
    Empty,
    z.object({ seals: list(ShownSeal, SEALS_MAX), warnings: SealWarnings }),
  ),
  /** Opening the server gives every key in it, as an export does: a new seal needs that right as well. */
  addSeal: row(
    'POST',
    '/api/server/seals',
    [write(SERVER), EVERY_KEY],
    AddSealRequest,
    z.object({ seal: Field, about: About }),
  ),
  removeSeal: row(
    'DELETE',
    '/api/server/seals/:seal',
    [write(SERVER)],
    z.object({ seal: text(NAME_LENGTH_MAX, 1) }),
    z.object({ seal: Field, kind: Field, left: z.number() }),
  ),
  initRecovery: row(
    'POST',
    '/api/server/recovery-shares',
    [write(SERVER), EVERY_KEY],
    InitRecoveryRequest,
    InitRecoveryAnswer,
  ),
  rotateDataKey: row(
    'POST',
    '/api/server/data-keys',
    [write(SERVER)],
    Empty,
    z.object({ dataKey: z.number(), records: z.number() }),
  ),
} as const;
