/**
 * The limits that more than one file needs, named, with their units and reasons. Those of messages are in
 * `message-limits.ts`, those of connections in `listener-limits.ts`; a limit that only one file needs is in that file.
 */

// --- one encryption key ---

/** The largest material: 4 KiB holds any passphrase, age identity (hybrid: 2 KiB) or recovery password. */
export const KEY_MATERIAL_BYTES_MAX = 4096;
/** Names and locators are read by people; longer ones are a mistake or an attack. In UTF-16 units. */
export const NAME_LENGTH_MAX = 255;
/** Of the reason for a reveal: a paragraph, to be read in the audit log. */
export const REASON_LENGTH_MAX = 1000;
/** All public fields of one key in canonical form: ten fields of at most 255 units, at worst 3 bytes each. */
export const KEY_FIELDS_BYTES_MAX = 8192;
/** A claim: 128 random bits cannot be guessed, and fit a line of an age header. */
export const CLAIM_BYTES = 16;
/** Hides low-entropy material behind the public digest. */
export const BLIND_BYTES = 16;

/** Recovery passwords in one call: with every field at its usual length they take a quarter of a request. */
export const RECOVERIES_TOGETHER_MAX = 100;

// --- transmission ---

/** Keys in one batch: large enough that one flush is shared by many, small enough to hold in memory and redo. */
export const TRANSMISSION_KEYS_MAX = 2000;
/** Bytes in one batch: eight times what our sender makes, and the most that one secondary may make a receiver hold. */
export const TRANSMISSION_BYTES_MAX = 8 * 1024 * 1024;
/** One line of a batch: material and fields at their limits, in base64 and JSON escapes. */
export const TRANSMISSION_LINE_BYTES_MAX = 64 * 1024;
/** A batch that trickles is cut off: a slow neighbour holds a connection and 8 MiB for at most this long. */
export const TRANSMISSION_MS_MAX = 120_000;

// --- heartbeat ---

/** 15 minutes, as is usual in the field. */
export const HEARTBEAT_INTERVAL_MS_DEFAULT = 15 * 60 * 1000;
export const HEARTBEAT_INTERVAL_MS_MIN = 1000;
/** A week: beyond it certificates could lapse between two heartbeats. */
export const HEARTBEAT_INTERVAL_MS_MAX = 7 * 24 * 60 * 60 * 1000;
/** First wait after a failure; doubled at each further one, with full jitter. */
export const BACKOFF_MS_FIRST = 500;
/** A primary that returns is noticed within this, or within one heartbeat where that is shorter. */
export const BACKOFF_MS_MAX = 60_000;
/** Epochs remembered for one secondary: enough to tell copies apart; a forgotten one is only sent again. */
export const EPOCHS_KEPT_MAX = 16;
/** Servers in one heartbeat's tree: hundreds of sites, with room. */
export const TREE_SERVERS_MAX = 1000;
/**
 * The same as JSON: with the rest of a heartbeat it stays below `REQUEST_BYTES_MAX`; otherwise the server would be cut
 * off from above.
 */
export const TREE_BYTES_MAX = 224 * 1024;
/** What a server shows of everything below it: what twenty secondaries may report, and its own secondaries in any case. */
export const TREE_SHOWN_SERVERS_MAX = 20_000;
export const TREE_SHOWN_BYTES_MAX = 8 * 1024 * 1024;
/** What is wrong with one server of a tree: a sentence or two. In UTF-16 units. */
export const TREE_PROBLEM_LENGTH_MAX = 1000;
/** Changes below within this time are reported upward together: a secondary that keeps changing causes no storm. */
export const TREE_CHANGES_MS = 1000;
/** The tree below is reported again at least this often, so that times shown far above do not grow stale. */
export const TREE_REFRESH_MS = 60 * 60 * 1000;

// --- lookup ---

/** No organisation is deeper; a longer way is a hidden loop. */
export const LOOKUP_DEPTH_MAX = 16;
/** How long a person waits at a drive before it feels broken. */
export const LOOKUP_DEADLINE_MS_DEFAULT = 10_000;
export const LOOKUP_DEADLINE_MS_MAX = 60_000;
/**
 * The share of the remaining time for which a server waits for the one above it. The rest is for its own answer to
 * travel, so that the asker hears which link is blocking, and not that a neighbour kept silent.
 */
export const LOOKUP_TIME_UPWARD = 0.9;
/** An unknown key is not asked for again within this time. Short: it may arrive by a way that does not notify us. */
export const LOOKUP_MISS_MS = 5000;
export const LOOKUP_MISSES_MAX = 10_000;
/** Different questions passed upward at a time. */
export const LOOKUPS_UPWARD_MAX = 256;

// --- requests ---

/** Bodies other than batches. An arrival page of 100 keys fits; nothing else comes near. */
export const REQUEST_BYTES_MAX = 256 * 1024;
/** Keys or receipts in one page of a device's conversation. */
export const DEVICE_PAGE_MAX = 100;
/** Where a page begins, as text: an id and a name at its limit, in base64. */
export const PAGE_POSITION_LENGTH_MAX = 2048;
/** Rows that a listing on the command line fetches per page. */
export const LIST_PAGE_MAX = 1000;
/** Stanzas of one age header that a server unwraps: ten thousand recipients are an attack. */
export const UNWRAP_STANZAS_MAX = 64;

// --- budgets: generous, so that only a fault or an attack meets them; above them the answer is `later` ---

/** Two a second: the shortest heartbeat that can be set, and as many again that a change triggers at once. */
export const HEARTBEATS_AN_HOUR_DEFAULT = 7200;
/** Renewing, leaving, moving: a member does each now and then. Ten a minute, for a certificate whose clock is wrong. */
export const MEMBERSHIP_CALLS_AN_HOUR = 600;
/** More files than anyone opens in an hour, and twice the records a device may hand over. */
export const DEVICE_CALLS_AN_HOUR_DEFAULT = 20_000;
/** A secondary asks for thousands of devices: each of ten thousand opens a hundred drives and files an hour. */
export const SECONDARY_CALLS_AN_HOUR_DEFAULT = 1_000_000;
export const DEVICE_RECORDS_AN_HOUR_DEFAULT = 10_000;
export const DEVICE_BYTES_AN_HOUR_DEFAULT = 64 * 1024 * 1024;
export const SECONDARY_RECORDS_AN_HOUR_DEFAULT = 20_000_000;
export const SECONDARY_BYTES_AN_HOUR_DEFAULT = 64 * 1024 * 1024 * 1024;
/** A deferred secondary waits at least this long: meanwhile the budget refills, and then admits several batches at once. */
export const PUT_OFF_MS_MIN = 5000;
/** Where the primary cannot say for how long: its disk is nearly full, or its release is too old. */
export const PUT_OFF_MS_DEFAULT = 60_000;
/** One heartbeat: within it, a primary that was restarted with a larger budget is found to accept again. */
export const PUT_OFF_MS_MAX = 15 * 60 * 1000;
/**
 * Members whose budget is remembered, the latest callers first: for each share, some 200 bytes a member. A forgotten
 * member begins anew; to gain by it, this many others must call between two of its calls.
 */
export const BUDGETS_REMEMBERED_MAX = 50_000;

// --- trust ---

/** Long enough to send an invitation to a site and have somebody there. */
export const INVITATION_MS_DEFAULT = 7 * 24 * 60 * 60 * 1000;
export const INVITATION_MS_MAX = 90 * 24 * 60 * 60 * 1000;
export const INVITATION_SECRET_BYTES = 32;
/** One line with a few addresses; a larger file is not an invitation. */
export const INVITATION_BYTES_MAX = 8192;
/** More than anyone types or generates; a larger password file is another file. */
export const PASSWORD_BYTES_MAX = 4096;
/** Short-lived: dates are hygiene, the membership row decides. Renewed at two thirds. */
export const CERTIFICATE_MS = 30 * 24 * 60 * 60 * 1000;
/** Clocks differ; a certificate is valid from a day before it was made. */
export const CERTIFICATE_BACKDATE_MS = 24 * 60 * 60 * 1000;
/** Clocks are set back by seconds every day. By more than this: the clock was wrong before, or is wrong now. */
export const CLOCK_BEHIND_MS_MIN = 10 * 60 * 1000;
export const AUTHORITY_MS = 50 * 365 * 24 * 60 * 60 * 1000;

// --- connections between machines ---

/** A handshake takes milliseconds, over a poor line a second or two; a slower peer is dropped. */
export const TLS_HANDSHAKE_MS_MAX = 10_000;
/** A session can be resumed for a day, so that a heartbeat every quarter of an hour costs no full handshake. */
export const TLS_SESSION_MS = 24 * 60 * 60 * 1000;
/** For one address, name and handshake included, before the next address is tried. */
export const CONNECT_MS_DEFAULT = 5000;
/** Exchanges under way at a time with one server; more wait in line. One connection carries hundreds a second. */
export const EXCHANGES_MAX = 64;
/** An idle connection is closed after this, or sooner where the server announces it. */
export const CONNECTION_IDLE_MS_MAX = 60_000;
/** An answer held whole in memory. A page of 100 keys with everything at its limit fits. */
export const ANSWER_BYTES_MAX = 2 * 1024 * 1024;
/** Interim responses (status below 200) before an answer: we send none. A proxy may send one or two, never thousands. */
export const INTERIM_ANSWERS_MAX = 8;

// --- disk ---

/** Below this a server takes no transmissions, but still records its own devices' keys. */
export const FREE_BYTES_FOR_TRANSMISSIONS = 256 * 1024 * 1024;
/** Set aside at start for audit events only, so that lookups still work when the disk is full: some 100,000 events. */
export const AUDIT_RESERVE_BYTES = 32 * 1024 * 1024;
/** The first SQLite whose WAL-reset race is fixed (3.51.3); older ones can lose commits. */
export const SQLITE_VERSION_MIN = '3.51.3';

// --- custody ---

/** A key file is a comment and one line; anything longer was put there by mistake and is not read into memory. */
export const KEY_FILE_BYTES_MAX = 4096;
/** Seals of one root key: a key file, a token and its spare, some passphrases. Each may be tried at a start. */
export const SEALS_MAX = 16;
/** A row of a seal. Our own rows are shorter than this. */
export const SEAL_ROW_BYTES_MAX = 8192;
/** argon2id for a new passphrase: 64 MiB and three passes, some 0.3 s, as RFC 9106 gives it for less memory. */
export const ARGON2_MEMORY_KIB = 64 * 1024;
export const ARGON2_PASSES = 3;
export const ARGON2_PARALLELISM = 1;
/** The most a row may ask for: an edited one must not cost more than some seconds and 256 MiB. */
export const ARGON2_MEMORY_KIB_MAX = 256 * 1024;
export const ARGON2_PASSES_MAX = 10;
export const ARGON2_PARALLELISM_MAX = 4;
/** Wrong passphrases, PINs or sets of shares in one window; the next attempt waits for its end. */
export const UNSEAL_FAILURES_MAX = 5;
export const UNSEAL_WINDOW_MS = 60_000;
/** Holders of recovery shares: more are a list nobody keeps. */
export const RECOVERY_SHARES_MAX = 32;
/** A share as text, with comment, line breaks and dashes; a larger file is not a share. */
export const RECOVERY_SHARE_BYTES_MAX = 4096;
/** The longest PIN of a token that is read from its file. */
export const PIN_BYTES_MAX = 256;

// --- recovery ---

/** A day: an administrator of the primary allows it by telephone, and a large branch on a thin line recovers its keys. */
export const RECOVERY_MS_DEFAULT = 24 * 60 * 60 * 1000;
/** A forgotten permission must end by itself. */
export const RECOVERY_MS_MAX = 7 * 24 * 60 * 60 * 1000;
/** Ids asked for at once. This many keys at their limits do not fit into one answer: those that fit are given first. */
export const RECOVERY_PAGE_KEYS = 500;
/** Rows that the primary scans for one page of ids: some 50 ms, with other requests served between. */
export const RECOVERY_SCAN_KEYS = 5000;

// --- store ---

/** Records re-encrypted under the new data key in one transaction: some 5 ms, so that custody and lookups run between. */
export const RESEAL_PAGE_KEYS = 250;
/** Between two such transactions: three quarters of the server's time stay with its devices. */
export const RESEAL_PAUSE_MS = 15;
/** A re-encryption that cannot continue, for little disk space say, is tried again after this. */
export const RESEAL_RETRY_MS = 10_000;
/** Works that share one flush: more would make the first wait for the last, and save nothing noticeable. */
export const STORE_GROUP_WORKS_MAX = 512;
/** Bytes after which a group is committed, however few works it holds: bounds what one flush writes. */
export const STORE_GROUP_BYTES_MAX = 16 * 1024 * 1024;
/** Ids in one question for known keys: five transmissions, some 20 ms. */
export const KNOWN_KEYS_MAX = 10_000;

/** Devices' keys recorded in one work: at their largest 4 MiB, and some 10 ms in which nobody else is served. */
export const DEVICE_KEYS_TOGETHER_MAX = 256;

// --- audit ---

/**
 * Repeated refusals of one caller for one reason, and one key given to one member again and again, are counted within
 * this window and not written singly. Short: a crash loses what was counted and not yet written.
 */
export const COUNTING_WINDOW_MS = 60_000;
/** Windows open at a time, each some 300 bytes. Beyond this the oldest is closed early: its count is written. */
export const COUNTING_WINDOWS_MAX = 10_000;

// --- agent ---

/** Header of an age file: a few stanzas; hybrid ones take 1.6 KiB. */
export const AGE_HEADER_BYTES_MAX = 64 * 1024;
/** Whitespace before and after an armored age file, each, as mail and editors leave it: as much as stock age accepts. */
export const AGE_ARMOR_WHITESPACE_MAX = 1024;
/** Bytes inspected, and erased where needed, at either end of a drive before it is formatted. */
export const DRIVE_PROBE_BYTES = 1024 * 1024;
/** A drive up to this size is read from end to end before it is formatted: a slow stick does that in half a minute. */
export const DRIVE_LOOK_WHOLE_BYTES_MAX = 1024 * 1024 * 1024;
/** Samples of a larger one: a disk that has to seek reads this many in five seconds. */
export const DRIVE_SAMPLES = 512;
export const DRIVE_SAMPLE_BYTES = 16 * 1024;
/** What a file system may count for a file to which nothing was written: ZFS reports one sector. */
export const FILE_BLOCKS_BYTES_UNSEEN = 512;
/** Where the data of a drive formatted here begins: cryptsetup's own default. */
export const DRIVE_DATA_OFFSET = 16 * 1024 * 1024;
/** A LUKS2 header with its keyslots takes 16 MiB; below this nothing would be left for data. */
export const DRIVE_BYTES_MIN = 20 * 1024 * 1024;
/** Both copies of a LUKS2 header at the largest size its format knows, 4 MiB each. */
export const DRIVE_HEADER_BYTES_MAX = 8 * 1024 * 1024;
/** Where the data of a drive begins at the latest: two headers and the largest keyslot area, 128 MiB. */
export const DRIVE_DATA_OFFSET_MAX = 136 * 1024 * 1024;
/** How cryptsetup shows 4 MiB of metadata: in lines with indents, which makes ours three times as long. */
export const DRIVE_METADATA_SHOWN_BYTES_MAX = 16 * 1024 * 1024;
/** What one system tool may say on either output; the rest is read and dropped. */
export const TOOL_OUTPUT_BYTES_MAX = 64 * 1024;
/**
 * Bytes read and written at a time when a file is encrypted: large enough that system calls cost nothing beside the
 * cipher.
 */
export const FILE_BLOCK_BYTES = 1024 * 1024;

/** Log lines that wait because they cannot be written. The first ones, which say what began, stay; later ones are dropped. */
export const LOG_WAITING_BYTES_MAX = 1024 * 1024;

// --- manual transfer: export and import ---

/** A shorter password is guessed by any machine; the estimate judges a longer one. In characters. */
export const EXPORT_PASSWORD_LENGTH_MIN = 12;
/** 10 to this power guesses, at a second and 256 MiB each, are hundreds of years on a thousand machines. */
export const EXPORT_PASSWORD_GUESSES_LOG10_MIN = 10;
/** Six words of 7,776 are 77 bits: nobody guesses them, and they can be read out over a telephone. */
export const GENERATED_PASSWORD_WORDS = 6;
/** scrypt with N = 2^18, r = 8: about a second and 256 MiB, as age itself does. */
export const SCRYPT_WORK_FACTOR = 18;
/** The greatest that is accepted: 1 GiB and some four seconds. A stranger's file must not cost more. */
export const SCRYPT_WORK_FACTOR_MAX = 20;
/** One line of an export file: material and fields at their limits, in base64 and JSON escapes. */
export const EXPORT_LINE_BYTES_MAX = 64 * 1024;
/** Devices and keys named in one export, together; more is everything, or a reason to export by device. */
export const EXPORT_SELECTED_MAX = 1000;
/** Keys read, sealed or recorded between two turns of the event loop: some 10 ms. */
export const TRANSFER_PAGE_KEYS = 500;
/** What precedes the file in the body of an import: a password and two words. */
export const IMPORT_REQUEST_BYTES_MAX = 32 * 1024;
/** A conflict takes an id made for two contents; more than a handful is an attack and ends the import. */
export const IMPORT_CONFLICTS_MAX = 1000;
/** A confirmed import that cannot continue, for a full disk say, is tried again after this. */
export const IMPORT_RETRY_MS = 10_000;

// --- backup ---

/** One row of a backup: the longest is what a secondary reported of 5,000 servers below it, names at their limit. */
export const BACKUP_LINE_BYTES_MAX = 16 * 1024 * 1024;
/** Rows loaded in one transaction when a backup is restored: one flush of the cache is shared, memory stays flat. */
export const RESTORE_PAGE_ROWS = 500;
