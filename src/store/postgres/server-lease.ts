/**
 * The right of one process to serve a database, which it renews while it lives. Invariant: a process that lost it writes
 * nothing more, since each group asks for it behind the lock under which it changes hands.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { KeystairError } from '#domain/errors.ts';
import { explain, mayPass } from './failure.ts';
import { type DatabasePlace, shownPlace } from './place.ts';
import type { Session } from './session.ts';

/** After that long without a renewal, another process may take over. */
const LEASE_SECONDS = 10;
const RENEWAL_MS = 3000;
const LEASE_WAIT_MS = (LEASE_SECONDS + 2) * 1000;
const PAUSE_MS = 500;

/** Taken under the lock of the groups, so that no group of the one before it is under way. */
const TAKE = (holder: string): string => `
  BEGIN; SET LOCAL lock_timeout = '4s'; SELECT 1 FROM keystair.repository FOR NO KEY UPDATE;
  INSERT INTO keystair.leases (name, holder, until)
    VALUES ('server', '${holder}', clock_timestamp() + interval '${LEASE_SECONDS} seconds')
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
    WHERE leases.until < clock_timestamp() OR leases.holder = excluded.holder;
  SELECT holder FROM keystair.leases WHERE name = 'server';
  COMMIT
`;

const RENEW = `
  UPDATE keystair.leases SET until = clock_timestamp() + interval '${LEASE_SECONDS} seconds'
  WHERE name = 'server' AND holder = $1`;
const GIVE_BACK =
  "UPDATE keystair.leases SET until = clock_timestamp() WHERE name = 'server' AND holder = $1";

/**
 * Waits until a process that ended without giving its lease back has lost it: whatever starts a killed server again does
 * so at once.
 *
 * Throws `data-in-use` where another process still serves the database after that.
 */
export async function takeLease(
  session: Session,
  holder: string,
  place: DatabasePlace,
  waitMs = LEASE_WAIT_MS,
): Promise<void> {
  for (const until = Date.now() + waitMs; ; await sleep(PAUSE_MS)) {
    const answers = await session.script(TAKE(holder));
    const [now] = answers.at(-2)?.rows ?? [];
    if (now?.[0] === holder) return;
    if (Date.now() >= until) break;
  }
  throw new KeystairError('data-in-use', `another process serves the database ${shownPlace(place)}`, {
    nextStep: 'stop it, or leave the database to it',
  });
}

/** Renews the lease until it is stopped, on a connection of its own. */
export class LeaseRenewal {
  readonly #place: DatabasePlace;
  readonly #holder: string;
  readonly #connect: () => Promise<Session>;
  #session: Session | undefined;
  #timer: NodeJS.Timeout | undefined;
  #under: Promise<void> = Promise.resolve();

  constructor(place: DatabasePlace, holder: string, connect: () => Promise<Session>) {
    this.#place = place;
    this.#holder = holder;
    this.#connect = connect;
    this.#later();
  }

  #later(): void {
    this.#timer = setTimeout(() => {
      this.#under = this.#renew().then(() => this.#later());
    }, RENEWAL_MS);
    this.#timer.unref();
  }

  /** A renewal that fails is tried again: until another takes over, nothing is lost. */
  async #renew(): Promise<void> {
    try {
      this.#session ??= await this.#connect();
      await this.#session.query(RENEW, [this.#holder]);
    } catch {
      this.#session?.cut();
      this.#session = undefined;
    }
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#under;
    clearTimeout(this.#timer);
    try {
      this.#session ??= await this.#connect();
      await this.#session.query(GIVE_BACK, [this.#holder]);
      await this.#session.end();
    } catch (error) {
      // It runs out by itself.
      if (!mayPass(error) && !(error instanceof KeystairError)) throw explain(error, this.#place);
    }
  }
}
