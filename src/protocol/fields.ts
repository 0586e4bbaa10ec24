/** Fields that messages of machines and answers to people have in common. */
import { z } from 'zod';
import { NAME_LENGTH_MAX } from '#domain/limits.ts';
import { ADDRESSES_MAX } from '#domain/message-limits.ts';
import { UUID_PATTERN } from '#domain/uuid.ts';
import { list, matching, text } from './forms.ts';

export const Uuid = matching(UUID_PATTERN, 'must be a lower-case UUID');
export const Name = text(NAME_LENGTH_MAX, 1);
/** The first digits of a digest: for what is compared, and proves nothing. */
export const ShortDigest = matching(/^[0-9a-f]{16}$/, 'must be 16 hexadecimal digits');
export const Addresses = list(text(NAME_LENGTH_MAX, 3), ADDRESSES_MAX);
export const ServerNameSchema = z.object({ id: Uuid, name: Name });
