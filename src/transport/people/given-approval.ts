/** A connection whose calls name the approval they use, the reason for requesting one, or the version they change. */
import { APPROVAL_HEADER, REASON_HEADER } from '#protocol/people/people-route.ts';
import type { PeopleConnection } from './people-connection.ts';

export interface GivenApproval {
  readonly approval?: string | undefined;
  readonly reason?: string | undefined;
  /** As an answer told it. A change of another version is refused. */
  readonly version?: string | undefined;
}

export function withApproval(
  connection: PeopleConnection,
  { approval, reason, version }: GivenApproval,
): PeopleConnection {
  const given = {
    ...(approval === undefined ? {} : { [APPROVAL_HEADER]: approval }),
    ...(reason === undefined ? {} : { [REASON_HEADER]: encodeURIComponent(reason) }),
    ...(version === undefined ? {} : { 'if-match': version }),
  };
  return {
    ...connection,
    begin: (call) => connection.begin({ ...call, headers: { ...call.headers, ...given } }),
  };
}
