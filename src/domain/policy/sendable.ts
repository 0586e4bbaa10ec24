/**
 * Whether a policy fits the messages that carry it. Ours do, by the bounds of their settings; one that a later release,
 * or a hostile primary, made too large is not passed on, so that nobody's heartbeat is refused for it.
 */
import { JsonCount, JsonOutOfBounds } from '../bounded-json.ts';
import { SENT_POLICY_BYTES_MAX, SENT_POLICY_DEPTH_MAX, SENT_POLICY_VALUES_MAX } from './policy-limits.ts';

export function isSendable(document: Readonly<Record<string, unknown>>): boolean {
  const count = new JsonCount({
    length: SENT_POLICY_BYTES_MAX,
    depth: SENT_POLICY_DEPTH_MAX,
    values: SENT_POLICY_VALUES_MAX,
  });
  try {
    count.take(JSON.stringify(document));
    return true;
  } catch (error) {
    if (error instanceof JsonOutOfBounds) return false;
    throw error;
  }
}
