/** The limits of telling people: how many receivers there are, how long each may take, how often one is tried again. */

/** A team's channels. Each costs a row for every request, until it was told. */
export const WEBHOOKS_MAX = 10;
/** Approvers who read mail; a list of the organisation's own reaches more. */
export const MAIL_RECIPIENTS_MAX = 20;
/** RFC 5321 4.5.3.1.3: a path of 256 with its brackets. */
export const MAIL_ADDRESS_LENGTH_MAX = 254;
/** One attempt, from the look-up of the name to the answer. A receiver that takes longer holds up its own notices only. */
export const NOTICE_MS_MAX = 10_000;
/** Between attempts: a short gap, a restart, an outage. A request waits for a day; after that nobody needs to be told. */
export const NOTICE_AGAIN_MS = [10_000, 60_000, 5 * 60_000, 30 * 60_000, 2 * 3_600_000, 6 * 3_600_000];
/** A secret of 512 bits in base64, and a password that somebody chose. */
export const NOTICE_SECRET_BYTES_MAX = 1024;
/** A private key in PEM, RSA of 16,384 bits among them. */
export const CERTIFICATE_FILE_BYTES_MAX = 32_768;
