/**
 * Groups addresses for limits. One machine in an IPv6 network has more addresses than anything could count, so the
 * first 64 bits stand for all of them.
 */
import { isIP } from 'node:net';

const GROUPS = 8;
const GROUPS_OF_BLOCK = 4;

export function addressBlock(address: string): string {
  const [bare = ''] = address.split('%');
  if (isIP(bare) !== 6) return address;
  // The last group may be written as IPv4. It never reaches into the first 64 bits, which are all that counts here.
  const [before = '', after] = bare.toLowerCase().split('::');
  const left = before === '' ? [] : before.split(':');
  const right = after === undefined || after === '' ? [] : after.split(':');
  const written = left.length + right.length + (right.at(-1)?.includes('.') === true ? 1 : 0);
  const filled = [...left, ...Array.from({ length: GROUPS - written }, () => '0'), ...right];
  const block = (after === undefined ? left : filled).slice(0, GROUPS_OF_BLOCK);
  return `${block.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}
