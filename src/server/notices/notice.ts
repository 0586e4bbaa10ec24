/**
 * What approvers are told: that somebody waits for them, or that the owner of the data directory acted without them.
 *
 * Invariant: a notice contains nothing secret, since others may read it on its way: no parameters, no key, and no link
 * that signs anybody in. Text that people wrote stays on one line, with invisible characters escaped.
 */
import { readable } from '#domain/name.ts';
import type { ServerName } from '#domain/server-name.ts';

export interface ApprovalNotice {
  readonly type: 'approval.requested' | 'approval.emergency';
  readonly approval: string;
  readonly act: string;
  /** The requester; in an emergency, the owner who approved. */
  readonly by: string;
  readonly reason: string | null;
  /** Unix ms. */
  readonly at: number;
}

/** @param consoleUrl null if the server has no console. */
function linkOf({ approval }: ApprovalNotice, consoleUrl: string | null): string | null {
  return consoleUrl === null ? null : `${consoleUrl}/approvals?approval=${approval}`;
}

/** For a webhook: JSON. */
export function noticeBody(notice: ApprovalNotice, server: ServerName, consoleUrl: string | null): string {
  const { type, at, approval, act, by, reason } = notice;
  return JSON.stringify({
    type,
    timestamp: new Date(at).toISOString(),
    data: { approval, act, by, reason, server: { ...server }, link: linkOf(notice, consoleUrl) },
  });
}

export interface MailText {
  readonly subject: string;
  readonly text: string;
}

export function noticeMail(notice: ApprovalNotice, server: ServerName, consoleUrl: string | null): MailText {
  const { type, approval, act, by, reason, at } = notice;
  const link = linkOf(notice, consoleUrl);
  const emergency = type === 'approval.emergency';
  return {
    subject: emergency ? `Keystair: EMERGENCY, ${act}` : `Keystair: ${act} waits for an approval`,
    text: [
      emergency
        ? 'The owner of the data directory approved this alone, in the place of those who should have been asked.'
        : 'Somebody waits for your approval.',
      '',
      `Server:  ${readable(server.name)} (${server.id})`,
      `Act:     ${act}`,
      `By:      ${readable(by)}`,
      `Reason:  ${reason === null ? 'none was given' : readable(reason)}`,
      `Request: ${approval}`,
      `Time:    ${new Date(at).toISOString()}`,
      ...(link === null ? [] : ['', link]),
      '',
    ].join('\n'),
  };
}
