/**
 * Asks for keys back, at the secondary: the calls by which a primary lists and gives what it once got from here. A
 * refusal says what is blocking and names the next step.
 *
 * Invariants: nothing is asked over a closed link; what arrives fits its id.
 */
import { codeOf, KeystairError } from '#domain/errors.ts';
import type { LinkVerdict } from '#domain/hierarchy.ts';
import { RECOVERY_PAGE_KEYS } from '#domain/limits.ts';
import type { AnswerOf, MachineRouteName, RequestOf } from '#protocol/machine-routes.ts';
import type { RecoveryRefusal } from '#protocol/messages.ts';
import { askedKeyFromWire } from '#protocol/wire-key.ts';
import type { Transaction } from '#store/transaction.ts';
import type { CheckedKey } from '#domain/encryption-key.ts';
import { step } from '#domain/step.ts';
import type { ServerPorts } from '../../repository/ports.ts';
import type { PrimaryLink } from '../primary/primary-link.ts';
import type { PrimaryRow } from '../primary/primary-row.ts';

export interface RequestRecoveryPorts extends Omit<ServerPorts, 'timers' | 'log' | 'treeChanged'> {
  readonly link: PrimaryLink;
  readonly refreshLink: () => Promise<void>;
}

/** The primary, if keys may cross the link now. Otherwise throws what is blocking, with the next step. */
export async function requireOpenLink(ports: RequestRecoveryPorts): Promise<PrimaryRow> {
  const { reader } = ports.store;
  let failure: unknown;
  const before = await ports.link.judge(reader);
  if (before.primary?.dmz === false && before.verdict !== 'own-option-off') {
    // Whatever was heard last, option and mark there may have changed since.
    await ports.refreshLink().catch((error: unknown) => {
      failure = error;
    });
  }
  const { primary, verdict } = await ports.link.judge(reader);
  if (primary === undefined) {
    throw new KeystairError('no-primary', 'this server has no primary to recover keys from', {
      nextStep: step('carry-keys-here'),
    });
  }
  if (verdict === 'open') return primary;
  if (verdict === 'not-heard' && failure instanceof KeystairError) throw failure;
  throw closedLink(ports, primary, verdict);
}

function closedLink(ports: RequestRecoveryPorts, primary: PrimaryRow, verdict: LinkVerdict): KeystairError {
  const name = verdict === 'neighbour-option-off' ? primary.name : ports.server.name;
  return verdict === 'dmz' ? linkInDmz(primary.name) : optionOff(name);
}

function linkInDmz(name: string): KeystairError {
  return new KeystairError('link-closed', `no key crosses the link to ${name}, which is marked DMZ`, {
    nextStep: step('carry-keys'),
  });
}

function optionOff(name: string): KeystairError {
  return new KeystairError('link-closed', `the option to use the hierarchy is off at ${name}`, {
    nextStep: step('use-hierarchy-there'),
  });
}

function refusalError(
  ports: RequestRecoveryPorts,
  primary: PrimaryRow,
  refusal: RecoveryRefusal,
): KeystairError {
  switch (refusal.reason) {
    case 'link-in-dmz':
      return linkInDmz(primary.name);
    case 'option-off':
      return optionOff(refusal.at.name);
    case 'not-allowed':
      return new KeystairError(
        'not-allowed',
        `${primary.name} returns no keys to this server until an administrator there allows it`,
        {
          nextStep: step('allow-recovery', { server: ports.server.id }),
        },
      );
  }
}

function contradicts(primary: PrimaryRow): KeystairError {
  return new KeystairError('request-invalid', `${primary.name} gives answers that make no progress`, {
    nextStep: 'compare the versions of both servers, and check the log of the primary',
  });
}

/** Makes one of the two calls and throws its refusal. */
async function ask<N extends Extract<MachineRouteName, 'recoverable' | 'recover'>>(
  ports: RequestRecoveryPorts,
  primary: PrimaryRow,
  name: N,
  request: RequestOf<N>,
): Promise<Exclude<AnswerOf<N>, RecoveryRefusal>> {
  const { verdict, primary: now } = await ports.link.judge(ports.store.reader);
  if (verdict !== 'open' || now?.id !== primary.id) throw closedLink(ports, primary, verdict);
  let answer: AnswerOf<N>;
  try {
    answer = await ports.link.call(primary, true, (calls, signal) => calls.call(name, request, { signal }));
  } catch (error) {
    if (codeOf(error) !== 'not-found') throw error;
    throw new KeystairError(
      'protocol-version',
      `${primary.name} runs a release that is too old to return keys`,
      {
        nextStep: step('upgrade-primary'),
        cause: error,
      },
    );
  }
  if ((answer as { outcome: string }).outcome === 'refused') {
    throw refusalError(ports, primary, answer as RecoveryRefusal);
  }
  return answer as Exclude<AnswerOf<N>, RecoveryRefusal>;
}

/** Called in the transaction that stores what arrived. Throws what closed the link meanwhile. */
export async function requireStillOpen(
  ports: RequestRecoveryPorts,
  transaction: Transaction,
  primary: PrimaryRow,
): Promise<void> {
  const now = await ports.link.judge(transaction);
  if (now.verdict !== 'open' || now.primary?.id !== primary.id) throw closedLink(ports, primary, now.verdict);
}

type ListedPage = Extract<AnswerOf<'recoverable'>, { outcome: 'page' }>;

/** What the primary has from here: ids and digests, in its own order. */
export async function* listRecoverable(
  ports: RequestRecoveryPorts,
  primary: PrimaryRow,
): AsyncGenerator<ListedPage> {
  for (let after: number | null = 0; after !== null; ) {
    const page: ListedPage = await ask(ports, primary, 'recoverable', { after });
    if (page.next !== null && page.next <= after) throw contradicts(primary);
    yield page;
    after = page.next;
  }
}

/** Those keys, checked against their ids, page after page. */
export async function* fetchKeys(
  ports: RequestRecoveryPorts,
  primary: PrimaryRow,
  ids: readonly string[],
): AsyncGenerator<{
  readonly keys: readonly CheckedKey[];
  readonly notGiven: { id: string; reason: string }[];
}> {
  const pending = new Set(ids);
  while (pending.size > 0) {
    const asked = [...pending].slice(0, RECOVERY_PAGE_KEYS);
    const answer = await ask(ports, primary, 'recover', { ids: asked });
    const keys: CheckedKey[] = [];
    const notGiven: { id: string; reason: string }[] = answer.notGiven.filter(({ id }) => pending.delete(id));
    for (const wire of answer.keys) {
      const { id } = wire.key;
      if (!pending.delete(id)) continue;
      const key = askedKeyFromWire(wire, id);
      if (key === undefined) notGiven.push({ id, reason: 'bad-answer' });
      else keys.push(key);
    }
    if (keys.length === 0 && notGiven.length === 0) throw contradicts(primary);
    yield { keys, notGiven };
  }
}
