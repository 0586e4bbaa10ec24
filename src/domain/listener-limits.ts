/**
 * Limits of the listeners: how many connections, how many unread bytes of answers and how much time a caller may hold,
 * each with its reason.
 */

/** How long a caller that never finishes its headers holds a socket, a machine or a browser. */
export const HEADERS_MS_MAX = 10_000;
/** A body that never ends is cut off. */
export const REQUEST_MS_MAX = 30_000;
/** Connections kept by the machines' listener. A member's takes some 60 KiB. */
export const CONNECTIONS_MAX = 10_000;
/**
 * Of these, and of those of the people's listener, the ones whose caller is not known: less than 80 MiB when they are opened
 * and ended without pause, and two seconds of handshakes if all devices come back at once.
 */
export const NEWCOMERS_MAX = 512;
/**
 * Of one member at the machines' listener: twice what our server opens, since connections from before a restart may
 * remain.
 */
export const MEMBER_CONNECTIONS_MAX = 128;
/** Bytes of answers that one member has not read: four of the largest. A member that reads has a few thousand at a time. */
export const MEMBER_UNREAD_BYTES_MAX = 8 * 1024 * 1024;
/** Of all members together: beside the 220 MiB that a busy server may have it stays below 256 MiB. */
export const UNREAD_BYTES_MAX = 24 * 1024 * 1024;
/** Request line and headers: forty times what ours have. */
export const REQUEST_HEAD_BYTES_MAX = 16 * 1024;
/** A machine that reads nothing of its answer for this long has gone, or means harm. */
export const UNREAD_MS_MAX = 30_000;
/** A request of somebody who is not known yet: the largest is the answer of a passkey. */
export const SIGN_IN_BYTES_MAX = 16 * 1024;
/** A request of a caller that is not a member yet: a secret, and a name at its limit, each unit written as an escape. */
export const JOIN_BYTES_MAX = 4096;
/** Bytes of each body that count for nothing below, as part of what its connection costs: every call about one key. */
export const BODY_BYTES_FREE = 16 * 1024;
/** Of one member, the bytes of bodies beyond that: eight of the largest. Our agents and servers send one at a time. */
export const MEMBER_BODY_BYTES_MAX = 2 * 1024 * 1024;
/** Of all callers of a listener together: a body costs three times its bytes until it is parsed. */
export const BODY_BYTES_MAX = 16 * 1024 * 1024;
/**
 * Pieces in which a body may arrive: the largest comes in 200 packets. Each piece costs a microsecond, so a body that is
 * sent byte by byte would cost a quarter of a second.
 */
export const BODY_PIECES_MAX = 4096;
/** Connections kept by the people's listener: a thousand browsers with an event stream each, and what they ask besides. */
export const PEOPLE_CONNECTIONS_MAX = 4000;
/** The same for people: the disk or tape that an export goes to may stand still meanwhile. */
export const PEOPLE_UNREAD_MS_MAX = 5 * 60 * 1000;
/** A peer that broke the rules of HTTP must read the answer that says so within this. */
export const LINGER_MS = 2000;
/** So much more is read of it meanwhile: what may have been on its way. Without end it would cost memory for each second. */
export const LINGER_BYTES_MAX = 256 * 1024;
