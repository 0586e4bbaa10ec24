/** What a member may leave unread on all its connections together, and what all members together may. */
import assert from 'node:assert/strict';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { MEMBER_UNREAD_BYTES_MAX, UNREAD_BYTES_MAX } from '#domain/listener-limits.ts';
import { MemberConnections } from '#server/http/machines/member-connections.ts';

const ANSWER_BYTES = MEMBER_UNREAD_BYTES_MAX / 4;

/** An answer on a connection of its own; undefined where it is too much. */
function leaveUnread(members: MemberConnections, memberId: string): ServerResponse | undefined {
  const socket = new Socket();
  assert.ok(members.admit(socket, memberId));
  const response = new ServerResponse(new IncomingMessage(socket));
  return members.answer(socket, response, ANSWER_BYTES) ? response : undefined;
}

test('a member leaves so many bytes unread on all its connections, and takes some before it has more', () => {
  const members = new MemberConnections();
  const unread = [1, 2, 3, 4].map(() => leaveUnread(members, 'a'));
  assert.ok(unread.every((response) => response !== undefined));
  assert.equal(leaveUnread(members, 'a'), undefined);
  assert.ok(leaveUnread(members, 'b'), 'another member has its own share');
  unread[0]!.emit('close');
  assert.ok(leaveUnread(members, 'a'));
  assert.equal(leaveUnread(members, 'a'), undefined);
});

test('all members together leave no more unread than fits', () => {
  const members = new MemberConnections();
  let left = 0;
  while (left < 2 * UNREAD_BYTES_MAX && leaveUnread(members, `member ${left}`)) left += ANSWER_BYTES;
  assert.equal(left, UNREAD_BYTES_MAX);
});
