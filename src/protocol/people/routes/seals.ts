/** The calls about seals and data keys. A sealed server answers only the first two. */
import { z } from 'zod';
import { NAME_LENGTH_MAX, SEALS_MAX } from '#domain/limits.ts';
import { read, write } from '#domain/right.ts';
import { ServerNameSchema } from '../../fields.ts';
import { list, text } from '../../forms.ts';
import { row } from '../people-route.ts';
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
  sealState: row({
    method: 'GET',
    path: '/server/seal-state',
    summary: 'Shows whether the server is sealed, and which seals open it.',
    rights: [read(SERVER)],
    request: Empty,
    answer: SealState,
    example: {},
  }),
  /** A server that is not sealed answers too. It does nothing, and `seal` is null. */
  unseal: row({
    method: 'POST',
    path: '/server/unseal',
    summary: "Opens a sealed server with a passphrase, a token's PIN or recovery shares.",
    rights: [write(SERVER)],
    request: UnsealBody,
    answer: z.object({ server: ServerNameSchema, seal: Field.nullable(), kind: Field.nullable() }),
    secrets: ['passphrase', 'pin', 'shares'],
    example: { passphrase: '…' },
  }),
  listSeals: row({
    method: 'GET',
    path: '/server/seals',
    summary: 'Lists the seals, each of which opens the server.',
    rights: [read(SERVER)],
    request: Empty,
    answer: z.object({ seals: list(ShownSeal, SEALS_MAX), warnings: SealWarnings }),
    example: {},
  }),
  /** Opening the server gives access to every key in it, as an export does, so a new seal needs that right as well. */
  addSeal: row({
    method: 'POST',
    path: '/server/seals',
    summary: 'Adds a seal, which can open the server from then on.',
    repeated: 'answer',
    rights: [write(SERVER), EVERY_KEY],
    fresh: true,
    act: 'server.seals',
    request: AddSealRequest,
    answer: z.object({ seal: Field, about: About }),
    secrets: ['passphrase', 'pin'],
    example: { kind: 'passphrase', passphrase: '…' },
  }),
  removeSeal: row({
    method: 'DELETE',
    path: '/server/seals/{id}',
    summary: 'Removes a seal, which can no longer open the server. The last one cannot be removed.',
    rights: [write(SERVER)],
    fresh: true,
    act: 'server.seals',
    request: z.object({ id: text(NAME_LENGTH_MAX, 1) }),
    answer: z.object({ seal: Field, kind: Field, left: z.number() }),
    example: { id: 'passphrase' },
  }),
  initRecovery: row({
    method: 'POST',
    path: '/server/recovery-shares',
    summary: 'Makes recovery shares for several holders, enough of whom open the server together.',
    repeated: 'secret',
    rights: [write(SERVER), EVERY_KEY],
    fresh: true,
    act: 'server.seals',
    request: InitRecoveryRequest,
    answer: InitRecoveryAnswer,
    example: { shares: 5, threshold: 3 },
  }),
  rotateDataKey: row({
    method: 'POST',
    path: '/server/data-keys',
    summary: 'Makes a new data key, and re-encrypts every record under it in the background.',
    repeated: 'answer',
    rights: [write(SERVER)],
    request: Empty,
    answer: z.object({ dataKey: z.number(), records: z.number() }),
    example: {},
  }),
} as const;
