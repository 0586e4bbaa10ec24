/**
 * The calls about seals and data keys, rows of the people's API like all others. A sealed server answers the first two
 * and no other call.
 */
import { z } from 'zod';
import { NAME_LENGTH_MAX, SEALS_MAX } from '#domain/limits.ts';
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

export const SEAL_ROUTES = {
  sealState: row('GET', '/api/server/seal-state', SERVER, 'Read', Empty, SealState),
  /** Answered by a server that is not sealed too: then nothing was done, and `seal` is null. */
  unseal: row(
    'POST',
    '/api/server/unseal',
    SERVER,
    'Write',
    UnsealBody,
    z.object({ server: ServerNameSchema, seal: Field.nullable(), kind: Field.nullable() }),
  ),
  listSeals: row(
    'GET',
    '/api/server/seals',
    SERVER,
    'Read',
    Empty,
    z.object({ seals: list(ShownSeal, SEALS_MAX), warnings: SealWarnings }),
  ),
  /** These four ask for the right to write keys besides. */
  addSeal: row(
    'POST',
    '/api/server/seals',
    SERVER,
    'Write',
    AddSealRequest,
    z.object({ seal: Field, about: About }),
  ),
  removeSeal: row(
    'DELETE',
    '/api/server/seals/:seal',
    SERVER,
    'Write',
    z.object({ seal: text(NAME_LENGTH_MAX, 1) }),
    z.object({ seal: Field, kind: Field, left: z.number() }),
  ),
  initRecovery: row(
    'POST',
    '/api/server/recovery-shares',
    SERVER,
    'Write',
    InitRecoveryRequest,
    InitRecoveryAnswer,
  ),
  rotateDataKey: row(
    'POST',
    '/api/server/data-keys',
    SERVER,
    'Write',
    Empty,
    z.object({ dataKey: z.number(), records: z.number() }),
  ),
} as const;
