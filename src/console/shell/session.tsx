/**
 * Who is signed in, and what happens when they no longer are.
 *
 * Invariants: when a session ends under a form, the form stays, and a window over it asks for a new sign-in; whatever
 * was tried is then tried again, by the same person. When somebody signs out in one tab, every tab forgets everything
 * at once; when somebody signs in again in one, the others go on.
 */
import { useQueryClient } from '@tanstack/react-query';
import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import { call, type CallName, type CallOptions, routeOf } from '../api/call.ts';
import { askMe, type Me } from '../api/me.ts';
import { codeOf, Problem } from '../api/problem.ts';
import type { Right } from '../api/route.ts';
import { hearTabs, tellTabs } from './tabs.ts';

/** Why a person is asked to sign in over what they are doing. */
export type Asked = 'ended' | 'stale';

interface Session {
  readonly me: Me;
  /** The first right that the call needs and the person lacks. */
  readonly lacking: (name: CallName, field?: string) => Right | undefined;
  /**
   * Does something that may want a new or fresh sign-in, or an approval: asks for the one, uses the other where it was
   * given, and does it again.
   */
  readonly act: <Outcome>(work: (options: CallOptions) => Promise<Outcome>) => Promise<Outcome>;
  readonly signOut: () => Promise<void>;
}

const Signed = createContext<Session | undefined>(undefined);

export interface SignInWindow {
  readonly asked: Asked | undefined;
  readonly onSignedIn: () => void;
  readonly onGivenUp: () => void;
}

export function Signature({
  me,
  children,
  window: showWindow,
}: {
  readonly me: Me;
  readonly children: ReactNode;
  readonly window: (window: SignInWindow) => ReactNode;
}) {
  const client = useQueryClient();
  const [asked, setAsked] = useState<Asked>();
  const waiting = useRef<PromiseWithResolvers<boolean>>(undefined);

  const forget = useCallback(() => {
    client.clear();
    // The address may name what the next person must not see.
    globalThis.location.replace('/');
  }, [client]);

  const askToSignIn = useCallback((why: Asked): Promise<boolean> => {
    waiting.current ??= Promise.withResolvers();
    // A session that ended wants more than one that is stale.
    setAsked((before) => (before === 'ended' ? before : why));
    return waiting.current.promise;
  }, []);
  const settle = useCallback(
    (again: boolean): void => {
      setAsked(undefined);
      waiting.current?.resolve(again);
      waiting.current = undefined;
      if (again) void client.invalidateQueries();
    },
    [client],
  );
  /** What is on the screen is for one person: somebody else begins with an empty page. */
  const goOn = useCallback(async (): Promise<void> => {
    const now = await call('whoAmI', {}).catch(() => undefined);
    if (now === undefined) return;
    if (now.person.id === me.person.id) settle(true);
    else forget();
  }, [forget, me.person.id, settle]);

  useEffect(
    () =>
      hearTabs((news) => {
        if (news === 'signed-out') forget();
        else if (waiting.current !== undefined) void goOn();
      }),
    [forget, goOn],
  );

  // In another tab somebody else may have signed in, and the browser has one session.
  const first = useRef(me.person.id);
  useEffect(() => {
    if (me.person.id !== first.current) forget();
  }, [forget, me.person.id]);

  useEffect(
    () =>
      client.getQueryCache().subscribe((event) => {
        if (event.type !== 'updated' || event.action.type !== 'error') return;
        if (codeOf(event.action.error) === 'not-signed-in') void askToSignIn('ended');
      }),
    [client, askToSignIn],
  );

  const session = useMemo<Session>(
    () => ({
      me,
      lacking: (name, field) => {
        const { rights, besides, limitable } = routeOf(name);
        const needed = [
          ...(Array.isArray(rights) ? (rights as readonly Right[]) : []),
          ...(field === undefined ? [] : (besides?.[field] ?? [])),
        ];
        const held = ({ area, right }: Right) =>
          me.rights.find((one) => one.area === area && one.right === right);
        const missing = needed.find((one) => held(one) === undefined);
        if (missing !== undefined || limitable === true) return missing;
        const limited = needed.find((one) => held(one)?.groups !== undefined);
        if (limited === undefined) return undefined;
        return { ...limited, limitedTo: held(limited)!.groups!.map(({ name: group }) => group) };
      },
      act: async (work) => {
        for (let options: CallOptions = {}; ; ) {
          try {
            return await work(options);
          } catch (error) {
            const approval = options.approval === undefined ? approvalGiven(error) : undefined;
            if (approval !== undefined) {
              options = { approval };
              continue;
            }
            const code = codeOf(error);
            if (code === 'unreachable') askMe(client);
            if (code !== 'not-signed-in' && code !== 'sign-in-stale') throw error;
            const again = await askToSignIn(code === 'sign-in-stale' ? 'stale' : 'ended');
            if (!again) throw error;
          }
        }
      },
      signOut: async () => {
        await call('signOut', {}).catch(() => undefined);
        tellTabs('signed-out');
        forget();
      },
    }),
    [me, client, forget, askToSignIn],
  );
  const onSignedIn = (): void => {
    tellTabs('signed-in');
    void goOn();
  };
  return (
    <Signed value={session}>
      {children}
      {showWindow({ asked, onSignedIn, onGivenUp: () => settle(false) })}
    </Signed>
  );
}

/** The approval that the same act got meanwhile. */
function approvalGiven(error: unknown): string | undefined {
  if (!(error instanceof Problem) || error.step?.name !== 'use-approval') return undefined;
  return String(error.details['approval']);
}

export function useSession(): Session {
  const session = useContext(Signed);
  if (session === undefined) throw new Error('broken invariant: somebody is signed in');
  return session;
}
