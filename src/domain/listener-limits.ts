/**
 * Limits of the listeners: what a caller may hold of connections, of answers that it does not take, and of time, each with
 * its reason.
 */

/** A body that never ends is ended. */
export const REQUEST_MS_MAX = 30_000;
/** Connections kept by the machines' listener. */
export const CONNECTIONS_MAX = 10_000;
/** Of one member at the machines' listener: twice what a server of ours opens, as what a restart left may still stand. */
export const MEMBER_CONNECTIONS_MAX = 128;
/** Bytes of answers that one member has not taken: eight of the largest. Who reads has a few thousand at a time. */
export const MEMBER_UNREAD_BYTES_MAX = 16 * 1024 * 1024;
/** Of all members together: beside a server's own 120 MiB it stays below 256 MiB, whoever does not read. */
export const UNREAD_BYTES_MAX = 96 * 1024 * 1024;
/** Request line and headers: forty times what ours have. */
export const REQUEST_HEAD_BYTES_MAX = 16 * 1024;
/** A machine that takes nothing of its answer for so long has gone, or means harm. */
export const UNREAD_MS_MAX = 30_000;
/** The same for people: a disk or a tape that an export goes to may stand still meanwhile. */
export const PEOPLE_UNREAD_MS_MAX = 5 * 60 * 1000;
/** Within which a peer that broke the rules of HTTP must have taken the answer that says so. */
export const LINGER_MS = 2000;
