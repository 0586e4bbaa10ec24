/**
 * What a server gave to keep, in memory, as the command line shows it again: what it last gave counts.
 */
import type { Identification, Kept } from '#transport/people/url-connection.ts';

/** Each as `name=value`; undefined where there is none. */
export type Cookies = Partial<Record<Kept, string | undefined>>;

export interface Session {
  readonly caller: Identification;
  readonly cookies: Cookies;
}

export function holdSession(before: Readonly<Cookies>): Session {
  const cookies: Cookies = { ...before };
  return {
    cookies,
    caller: {
      headers: () => {
        const given = [cookies.session, cookies.device].filter((one) => one !== undefined);
        return given.length === 0 ? {} : { cookie: given.join('; ') };
      },
      keep: (what, cookie) => void (cookies[what] = cookie),
    },
  };
}
