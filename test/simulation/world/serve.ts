/**
 * The machines' listener without HTTP: lets a caller in, reads the body by its schema, runs the call, and turns
 * failures into problem documents, as `http/machine-listener.ts` does over TLS.
 */
import { KeystairError } from '#domain/errors.ts';
import { MACHINE_ROUTES, type MachineRouteName } from '#protocol/machine-routes.ts';
import { problemOf } from '#protocol/problem.ts';
import { checkProtocolVersion, PROTOCOL_HEADER, PROTOCOL_VERSION } from '#protocol/version.ts';
import type { MachineApi } from '#server/http/machines/machine-api.ts';
import type { PeerIdentity } from '#transport/peer-identity.ts';
import type { Answer, ServedCall } from './network.ts';

const NAMES = new Map<string, MachineRouteName>(
  Object.entries(MACHINE_ROUTES).map(([name, { path }]) => [path, name as MachineRouteName]),
);

export function routeOf(path: string): MachineRouteName {
  const name = NAMES.get(path);
  if (name === undefined) throw new Error(`no machine may call ${path}`);
  return name;
}

/** @param onDefect is told of failures without a code: defects of the server. */
export async function serveCall(
  api: MachineApi,
  peer: PeerIdentity,
  call: ServedCall,
  onDefect: (error: unknown) => void,
): Promise<Answer> {
  const name = routeOf(call.path);
  const { request } = MACHINE_ROUTES[name];
  try {
    checkProtocolVersion(call.headers[PROTOCOL_HEADER], 'caller');
    const admitted = await api.admit(name, peer);
    const body = request === 'json-lines' ? call.body : request.parse(JSON.parse(call.body as string));
    return answerOf(200, await api.run(name, admitted, body, call.abort));
  } catch (error) {
    // A stream that broke off is the network's doing.
    if (!(error instanceof KeystairError) && (error as Error).message !== 'aborted') onDefect(error);
    const problem = problemOf(error);
    return answerOf(problem.status, problem);
  }
}

function answerOf(status: number, document: unknown): Answer {
  return {
    status,
    headers: { [PROTOCOL_HEADER]: String(PROTOCOL_VERSION) },
    body: JSON.stringify(document),
  };
}
