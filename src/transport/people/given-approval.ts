/** A connection whose calls name the approval they use, or the reason for requesting one. */
import { APPROVAL_HEADER, REASON_HEADER } from '#protocol/people/people-route.ts';
import type { PeopleConnection } from './people-connection.ts';

export interface GivenApproval {
  readonly approval?: string | undefined;
  readonly reason?: string | undefined;
}

export function withApproval(
  connection: PeopleConnection,
  { approval, reason }: GivenApproval,
): PeopleConnection {
  const given = {
    ...(approval === undefined ? {} : { [APPROVAL_HEADER]: approval }),
    ...(reason === undefined ? {} : { [REASON_HEADER]: encodeURIComponent(reason) }),
  };
  return {
    ...connection,
    begin: (call) => connection.begin({ ...call, headers: { ...call.headers, ...given } }),
  };
}
