/** What the audit log tells of people: who was given what by whom, and who came in and how. */

import type { RoleLimits } from './person.ts';

export type SignInWay = 'one-time-code' | 'recovery-code' | 'passkey' | 'provider' | 'set-up-link';

export type PeopleEvent =
  | {
      readonly event: 'person-added';
      readonly person: string;
      readonly name: string;
      readonly service: boolean;
      readonly roles: readonly string[];
      /** The ids of the groups to which a role is limited. */
      readonly limits?: RoleLimits | undefined;
    }
  | {
      readonly event: 'person-changed';
      readonly person: string;
      readonly name: string;
      readonly roles: readonly string[];
      readonly before: readonly string[];
      readonly limits?: RoleLimits | undefined;
      readonly limitsBefore?: RoleLimits;
    }
  /** The way in ended, and a new link or key was made. */
  | { readonly event: 'person-reset'; readonly person: string; readonly name: string }
  | { readonly event: 'person-removed'; readonly person: string; readonly name: string }
  | {
      readonly event: 'role-added' | 'role-changed' | 'role-removed';
      readonly role: string;
      readonly rights: readonly string[];
    }
  /** By the person: the link was used, and ended. */
  | {
      readonly event: 'person-set-up';
      readonly person: string;
      readonly name: string;
      readonly address: string;
    }
  | {
      readonly event: 'signed-in';
      readonly session: string;
      readonly with: SignInWay;
      readonly address: string;
      /** The session that this one replaced. */
      readonly replaced?: string;
    }
  /** Who it was is known where the name was: a wrong name may be a password in the wrong field. */
  | {
      readonly event: 'sign-in-refused';
      readonly person: string | null;
      readonly at: 'password' | SignInWay;
      readonly address: string;
    }
  | {
      readonly event: 'passkey-added' | 'passkey-removed';
      readonly person: string;
      readonly passkey: string;
      readonly name: string;
    }
  | { readonly event: 'session-ended'; readonly session: string; readonly person: string }
  | {
      readonly event: 'password-changed' | 'one-time-code-changed' | 'recovery-codes-made';
      readonly person: string;
    };
