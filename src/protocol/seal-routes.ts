/**
 * The calls about seals and data keys, rows of the people's API like all others. A sealed server answers the first two
 * and no other call.
 */
import { z } from 'zod';
import { ServerNameSchema } from './messages.ts';
import { peopleRoute as row } from './people-route.ts';
import {
  AddSealRequest,
  InitRecoveryAnswer,
  InitRecoveryRequest,
  SealState,
  ShownSeal,
  UnsealBody,
} from './seal-messages.ts';

const SERVER = 'Administration Server';
const Empty = z.object({});

export const SEAL_ROUTES = {
  sealState: row('GET', '/api/server/seal-state', SERVER, 'Read', Empty, SealState),
  /** Answered by a server that is not sealed too: then nothing was done, and `seal` is null. */
  unseal: row(
    'POST',
    '/api/server/unseal',
    SERVER,
    'Write',
    UnsealBody,
    z.object({ server: ServerNameSchema, seal: z.string().nullable(), kind: z.string().nullable() }),
  ),
  listSeals: row(
    'GET',
    '/api/server/seals',
    SERVER,
    'Read',
    Empty,
    z.object({ seals: z.array(ShownSeal), warnings: z.array(z.string()) }),
  ),
  /** These four ask for the right to write keys besides. */
  addSeal: row(
    'POST',
    '/api/server/seals',
    SERVER,
    'Write',
    AddSealRequest,
    z.object({ seal: z.string(), about: z.string() }),
  ),
  removeSeal: row(
    'DELETE',
    '/api/server/seals/:seal',
    SERVER,
    'Write',
    z.object({ seal: z.string().min(1).max(255) }),
    z.object({ seal: z.string(), kind: z.string(), left: z.number() }),
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
