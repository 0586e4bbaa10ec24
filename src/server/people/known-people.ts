/**
 * Identifies callers over the network: a token leads to a session, a key to a service account. Each call reads the rows
 * again.
 *
 * Invariant: a caller who was removed, or whose session or key ended, is unknown from the next call on, and every
 * caller has the rights that their roles give now. The time of the last call is written at most once a minute, and no
 * call waits for it.
 */
import { hash } from 'node:crypto';
import { KeystairError } from '#domain/errors.ts';
import { auditName } from '#domain/person.ts';
import type { Person } from '#domain/right.ts';
import { step } from '#domain/step.ts';
import { isExpired } from '../repository/known-time.ts';
import type { Reader } from '#store/transaction.ts';
import type { ServerPorts } from '../repository/ports.ts';
import { sessionInside } from './half-sign-in.ts';
import { personByKey, readPerson } from './person-rows.ts';
import type { Providers } from './providers.ts';
import { rightsOf } from './role-rows.ts';
import { isSeenDue, type SessionRow, sessionOf } from './sessions.ts';

export interface KnownPeoplePorts extends Pick<ServerPorts, 'barrier' | 'clock' | 'log' | 'rows' | 'store'> {
  readonly providers: Pick<Providers, 'limit'>;
}

export function notSignedIn(): KeystairError {
  return new KeystairError('not-signed-in', 'nobody is signed in with this request', {
    nextStep: step('sign-in'),
  });
}

/** Every service account's key begins with it, so that secret scanners recognise one. */
export const API_KEY_PREFIX = 'ksk_';

export function hashApiKey(key: string): string {
  return hash('sha256', `keystair/api-key/${key}`, 'hex');
}

export class RegisteredPeople {
  readonly #ports: KnownPeoplePorts;
  /** People and sessions whose last use is being written. */
  readonly #noting = new Set<string>();

  constructor(ports: KnownPeoplePorts) {
    this.#ports = ports;
  }

  /** Throws `not-signed-in`. */
  async bySession(token: string, purpose: 'use' | 'look' = 'use'): Promise<Person> {
    const { rows, store } = this.#ports;
    const { reader } = store;
    const inside = sessionInside(this.#ports.barrier, token);
    const session = inside === undefined ? undefined : await sessionOf(this.#ports, reader, inside);
    const person = session === undefined ? undefined : await readPerson(rows, reader, session.person);
    if (session === undefined || person === undefined) throw notSignedIn();
    const rights = this.#ports.providers.limit(person.identity, await rightsOf(rows, reader, person));
    if (rights === undefined) throw notSignedIn();
    if (purpose === 'use' && isSeenDue(session.lastSeenAt, this.#ports.clock())) this.#noteSession(session);
    return {
      id: person.id,
      name: auditName(person),
      rights,
      session: { id: session.id, signedInAt: session.signedInAt, expiresAt: session.expiresAt },
    };
  }

  /** Throws `not-signed-in`. */
  async byApiKey(key: string, purpose: 'use' | 'look' = 'use'): Promise<Person> {
    const { rows, store, clock } = this.#ports;
    const { reader } = store;
    const person = key.startsWith(API_KEY_PREFIX)
      ? await personByKey(rows, reader, hashApiKey(key))
      : undefined;
    const service = person?.service ?? undefined;
    if (person === undefined || service === undefined) throw notSignedIn();
    const { expiresAt, knownAt } = service;
    if (expiresAt !== null && (await isExpired(this.#ports, reader, { expiresAt, knownAt })))
      throw notSignedIn();
    const seen = await lastSeen(reader, person.id);
    if (purpose === 'use' && isSeenDue(seen, clock()))
      this.#note(person.id, () => this.#writeSeen(person.id));
    return {
      id: person.id,
      name: auditName(person),
      rights: await rightsOf(rows, reader, person),
      session: null,
    };
  }

  #noteSession(session: SessionRow): void {
    const { rows, store, clock } = this.#ports;
    this.#note(session.id, async () => {
      await store.write(async (transaction) => {
        const lastSeenAt = clock();
        const now = await rows.get<SessionRow>(transaction, 'session', session.id);
        // It ended meanwhile.
        if (now === undefined) return;
        await rows.put(transaction, 'session', session.id, { ...now, lastSeenAt });
        await transaction.putContact({ id: session.person, lastHeartbeatAt: lastSeenAt, body: '{}' });
      });
    });
  }

  #writeSeen(personId: string): Promise<void> {
    const { store, clock } = this.#ports;
    return store.write((transaction) =>
      transaction.putContact({ id: personId, lastHeartbeatAt: clock(), body: '{}' }),
    );
  }

  #note(name: string, write: () => Promise<void>): void {
    if (this.#noting.has(name)) return;
    this.#noting.add(name);
    write()
      // The disk may be full. The session then ends earlier, and the next call tries again.
      .catch((error: unknown) =>
        this.#ports.log.warn(
          { event: 'last-seen-not-written', because: String(error) },
          'a last use was not written',
        ),
      )
      .finally(() => this.#noting.delete(name));
  }
}

/** When the person last called, Unix ms. For display only; it decides nothing. */
export async function lastSeen(reader: Reader, personId: string): Promise<number | null> {
  return (await reader.contact(personId))?.lastHeartbeatAt ?? null;
}
