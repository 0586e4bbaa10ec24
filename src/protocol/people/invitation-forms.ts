/** Inviting a device or a secondary: the request, and the one-time string of the answer. */
import { z } from 'zod';
import { INVITATION_BYTES_MAX, INVITATION_MS_MAX } from '#domain/limits.ts';
import { text, whole } from '../forms.ts';
import { Field } from './people-fields.ts';

export const InvitationMs = whole(1000, INVITATION_MS_MAX);
export const Invitation = z.object({ invitation: text(INVITATION_BYTES_MAX), expiresAt: Field });
