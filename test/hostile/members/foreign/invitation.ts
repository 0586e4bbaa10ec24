/** The text of an invitation, read and written as docs/PROTOCOL.md gives it. */
import { hash } from 'node:crypto';

export interface Invitation {
  readonly kind: 'device' | 'secondary';
  readonly server: { readonly id: string; readonly name: string };
  readonly addresses: readonly string[];
  readonly authority: string;
  readonly secret: string;
  readonly expiresAt: string;
}

const PREFIX = 'keystair-invitation-1.';

export function readInvitation(text: string): Invitation {
  const [payload = ''] = text.trim().slice(PREFIX.length).split('.');
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Invitation;
}

export function writeInvitation(invitation: Invitation): string {
  const front = `${PREFIX}${Buffer.from(JSON.stringify(invitation)).toString('base64url')}`;
  return `${front}.${hash('sha256', front, 'hex').slice(0, 8)}`;
}
