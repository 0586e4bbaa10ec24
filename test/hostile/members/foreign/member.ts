/** A device or a secondary that joins with an invitation's text, and calls. */
import { randomUUID } from 'node:crypto';
import { makePair, privatePem, selfSigned } from './certificates.ts';
import { type Answer, Connection, type Line } from './connection.ts';
import { readInvitation } from './invitation.ts';

export interface Member {
  readonly id: string;
  readonly name: string;
  readonly server: { readonly id: string; readonly name: string };
  readonly line: Line;
}

export async function join(text: string): Promise<Member> {
  const { addresses, kind, secret } = readInvitation(text);
  const pair = makePair();
  const id = randomUUID();
  const name = `foreign ${kind}`;
  const address = addresses[0]!;
  const privateKey = privatePem(pair);
  const line = { address, privateKey, certificate: selfSigned(pair) };
  const answer = await once(line, '/v1/join', JSON.stringify({ secret, id, name, kind }));
  const joined = JSON.parse(String(answer?.body)) as { certificate?: string; server: Member['server'] };
  if (joined.certificate === undefined) throw new Error(`it was not let in: ${String(answer?.body)}`);
  return { id, name, server: joined.server, line: { ...line, certificate: joined.certificate } };
}

/** One call over a connection of its own. */
export async function once(
  line: Line,
  path: string,
  body: string | Uint8Array,
  type?: string,
): Promise<Answer | undefined> {
  const connection = await Connection.open(line);
  try {
    return await connection.ask(path, body, type === undefined ? {} : { type });
  } finally {
    connection.close();
  }
}
