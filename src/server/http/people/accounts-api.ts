/** What people may call about people, roles and sessions, and what each call runs. */
import type { PERSON_ROUTES } from '#protocol/people/routes/people.ts';
import type { ROLE_ROUTES } from '#protocol/people/routes/roles.ts';
import type { SESSION_ROUTES } from '#protocol/people/routes/sessions.ts';
import { listPeople, showPerson } from '../../people/list-people.ts';
import { endMySession, endSession, listSessions, mySessions } from '../../people/list-sessions.ts';
import { changePassword, newRecoveryCodes, signOut, whoAmI } from '../../people/own-account.ts';
import { changeOneTimeCode, offerOneTimeCode } from '../../people/one-time-code-change.ts';
import { addPasskey, listPasskeys, offerPasskey, removePasskey } from '../../people/passkeys.ts';
import { addPerson, type PeoplePorts, removePerson, resetPerson, setPerson } from '../../people/people.ts';
import { addRole, listRoles, removeRole, setRole, showRole } from '../../people/roles.ts';
import type { SignInDelays } from '../../people/sign-in-delays.ts';
import type { Stretcher } from '../../people/stretcher.ts';
import type { PeopleHandlers } from './people-handlers.ts';

export type AccountsPorts = PeoplePorts & { readonly stretcher: Stretcher; readonly delays: SignInDelays };

type AccountsRouteName = keyof (typeof PERSON_ROUTES & typeof ROLE_ROUTES & typeof SESSION_ROUTES);

export function createAccountsApi(ports: AccountsPorts): PeopleHandlers<AccountsRouteName> {
  return {
    addPerson: (caller, request, life) => addPerson(ports, caller, request, life),
    listPeople: (_caller, request) => listPeople(ports, request),
    showPerson: (_caller, request) => showPerson(ports, request),
    setPerson: (caller, request, life) => setPerson(ports, caller, request, life),
    resetPerson: (caller, request) => resetPerson(ports, caller, request),
    removePerson: (caller, request) => removePerson(ports, caller, request),

    listRoles: () => listRoles(ports),
    showRole: (_caller, request) => showRole(ports, request),
    addRole: (caller, request) => addRole(ports, caller, request),
    setRole: (caller, request, life) => setRole(ports, caller, request, life),
    removeRole: (caller, request) => removeRole(ports, caller, request),

    whoAmI: (caller) => whoAmI(ports, caller),
    signOut: (caller) => signOut(ports, caller),
    mySessions: (caller) => mySessions(ports, caller),
    endMySession: (caller, request) => endMySession(ports, caller, request),
    changePassword: (caller, request) => changePassword(ports, caller, request),
    newRecoveryCodes: (caller) => newRecoveryCodes(ports, caller),
    offerOneTimeCode: (caller) => offerOneTimeCode(ports, caller),
    changeOneTimeCode: (caller, request) => changeOneTimeCode(ports, caller, request),
    listPasskeys: (caller) => listPasskeys(ports, caller),
    offerPasskey: (caller) => offerPasskey(ports, caller),
    addPasskey: (caller, request) => addPasskey(ports, caller, request),
    removePasskey: (caller, request) => removePasskey(ports, caller, request),
    listSessions: (_caller, request) => listSessions(ports, request),
    endSession: (caller, request) => endSession(ports, caller, request),
  };
}
