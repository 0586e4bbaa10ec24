/**
 * Limits of the listeners: how many connections, how many unread bytes of answers and how much time a caller may hold,
 * each with its reason.
 */

/** A body that never ends is cut off. */
export const REQUEST_MS_MAX = 30_000;
/** Connections kept by the machines' listener. */
export const CONNECTIONS_MAX = 10_000;
/**
 * Of one member at the machines' listener: twice what our server opens, since connections from before a restart may
 * remain.
 */
export const MEMBER_CONNECTIONS_MAX = 128;
/** Bytes of answers that one member has not read: eight of the largest. A member that reads has a few thousand at a time. */
export const MEMBER_UNREAD_BYTES_MAX = 16 * 1024 * 1024;
/** Of all members together: beside the 200 MiB that a busy server may have it stays below 256 MiB. */
export const UNREAD_BYTES_MAX = 48 * 1024 * 1024;
/** Request line and headers: forty times what ours have. */
export const REQUEST_HEAD_BYTES_MAX = 16 * 1024;
/** A machine that reads nothing of its answer for this long has gone, or means harm. */
export const UNREAD_MS_MAX = 30_000;
/** The same for people: the disk or tape that an export goes to may stand still meanwhile. */
export const PEOPLE_UNREAD_MS_MAX = 5 * 60 * 1000;
/** A peer that broke the rules of HTTP must read the answer that says so within this. */
export const LINGER_MS = 2000;
