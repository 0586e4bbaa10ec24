/**
 * The calls that machines make, one row each, and who may make them. The listener mounts exactly these; a route that
 * is not in the table does not exist, and a caller that is not in its row is refused.
 */
import type { z } from 'zod';
import type { JsonBounds } from '#domain/bounded-json.ts';
import {
  ANSWER_JSON,
  JOIN_JSON,
  KEY_ANSWER_JSON,
  KEY_JSON,
  REQUEST_JSON,
  TREE_JSON,
} from '#domain/json-bounds.ts';
import * as message from './messages.ts';

/**
 * - `joiner`: has a key pair and an invitation, no membership.
 * - `lapsed-member`: a member of either kind whose certificate's dates do not fit; also any member.
 * - `device`, `secondary`: a member of that kind with a certificate within its dates.
 */
export type MachineCaller = 'joiner' | 'lapsed-member' | 'device' | 'secondary';

export interface MachineRoute<Request extends z.ZodType = z.ZodType, Answer extends z.ZodType = z.ZodType> {
  readonly path: string;
  readonly caller: MachineCaller;
  /** The body's schema, or `json-lines` where the body is streamed. */
  readonly request: Request | 'json-lines';
  readonly answer: Answer;
  /** How much of a request is accepted before it is parsed; of a streamed one, of each line. */
  readonly bounds: JsonBounds;
  /** How much of an answer is accepted before it is parsed. */
  readonly answerBounds: JsonBounds;
  /** Repeating it changes nothing more, so a client may repeat it after a connection broke. */
  readonly idempotent: boolean;
}

function route<Request extends z.ZodType, Answer extends z.ZodType>(
  path: string,
  caller: MachineCaller,
  request: Request | 'json-lines',
  answer: Answer,
  {
    bounds = REQUEST_JSON,
    answerBounds = ANSWER_JSON,
  }: Partial<Pick<MachineRoute, 'bounds' | 'answerBounds'>> = {},
): MachineRoute<Request, Answer> {
  // Every message of this protocol may be repeated without harm (docs/PROTOCOL.md).
  return { path, caller, request, answer, bounds, answerBounds, idempotent: request !== 'json-lines' };
}

const ABOUT_ONE_KEY = { answerBounds: KEY_ANSWER_JSON };

/** All are POST. */
export const MACHINE_ROUTES = {
  join: route('/v1/join', 'joiner', message.JoinRequest, message.JoinAnswer, { bounds: JOIN_JSON }),
  renew: route('/v1/renew', 'lapsed-member', message.Empty, message.RenewAnswer),

  heartbeat: route(
    '/v1/secondary/heartbeat',
    'secondary',
    message.HeartbeatRequest,
    message.HeartbeatAnswer,
    { bounds: TREE_JSON },
  ),
  transmit: route('/v1/secondary/transmission', 'secondary', 'json-lines', message.TransmissionAnswer, {
    bounds: KEY_JSON,
  }),
  lookup: route(
    '/v1/secondary/lookup',
    'secondary',
    message.LookupRequest,
    message.LookupAnswer,
    ABOUT_ONE_KEY,
  ),
  explain: route(
    '/v1/secondary/explain',
    'secondary',
    message.ExplainRequest,
    message.ExplainAnswer,
    ABOUT_ONE_KEY,
  ),
  recoverable: route(
    '/v1/secondary/recovery/list',
    'secondary',
    message.RecoverableRequest,
    message.RecoverableAnswer,
  ),
  recover: route('/v1/secondary/recovery/keys', 'secondary', message.RecoverRequest, message.RecoverAnswer),
  leave: route('/v1/secondary/leave', 'secondary', message.Empty, message.Empty),

  deviceHeartbeat: route(
    '/v1/device/heartbeat',
    'device',
    message.DeviceHeartbeatRequest,
    message.DeviceHeartbeatAnswer,
  ),
  record: route('/v1/device/keys', 'device', message.RecordRequest, message.RecordAnswer),
  missingReceipts: route(
    '/v1/device/receipts/missing',
    'device',
    message.MissingReceiptsRequest,
    message.MissingReceiptsAnswer,
  ),
  returnReceipts: route(
    '/v1/device/receipts',
    'device',
    message.ReturnReceiptsRequest,
    message.ReturnReceiptsAnswer,
  ),
  deviceLookup: route(
    '/v1/device/lookup',
    'device',
    message.DeviceLookupRequest,
    message.DeviceLookupAnswer,
    ABOUT_ONE_KEY,
  ),
  unwrap: route('/v1/device/unwrap', 'device', message.UnwrapRequest, message.UnwrapAnswer, ABOUT_ONE_KEY),
  arrive: route('/v1/device/arrive', 'device', message.ArriveRequest, message.ArriveAnswer),
  arrived: route('/v1/device/arrived', 'device', message.Empty, message.Empty),
  moved: route('/v1/device/moved', 'device', message.MovedRequest, message.Empty),
} as const;

export type MachineRoutes = typeof MACHINE_ROUTES;
export type MachineRouteName = keyof MachineRoutes;
export type RequestOf<Name extends MachineRouteName> = z.infer<
  Exclude<MachineRoutes[Name]['request'], 'json-lines'>
>;
export type AnswerOf<Name extends MachineRouteName> = z.infer<MachineRoutes[Name]['answer']>;
