/** The limits of forwarding the audit log: how many receivers, how much at a time, how long one may take. */

/** A file, a collector or two, a chat. Each reads the log by itself. */
export const FORWARD_RECEIVERS_MAX = 10;
/** A receiver's name, by which its place in the log is kept. */
export const FORWARD_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
/** Lines read and sent at a time: some 100 kB, and all that is held of them in memory for a receiver. */
export const FORWARD_LINES_AT_ONCE = 100;
/** One batch to one receiver, from the first byte to its answer. Longer than a webhook may take. */
export const FORWARD_MS_MAX = 15_000;
/** Lines under way for which nothing said yet that they arrived: after a failure so many come again. */
export const FORWARD_UNCONFIRMED_MAX = 1000;
/** So long a file is written to before it is flushed. A power failure takes no more, and it comes again. */
export const FORWARD_FILE_CONFIRM_MS = 1000;
/** So long a connection for syslog is used: only its orderly end says that everything arrived. */
export const FORWARD_SYSLOG_CONFIRM_MS = 5000;
/** The log is looked at again after this, whatever was or was not told. */
export const FORWARD_LOOK_MS = 60_000;
/** A receiver without a failure that is further behind than this takes too little, and somebody should know. */
export const FORWARD_BEHIND_MS = 5 * 60_000;
/** At a stop, what was sent is confirmed within this; the rest comes again. */
export const FORWARD_STOP_MS = 3000;
/** What a receiver's failure may say. */
export const FORWARD_PROBLEM_LENGTH_MAX = 300;
