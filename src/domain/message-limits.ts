/**
 * The limits of messages: how much of one is accepted before it is parsed, and how long its texts and lists are. With
 * their units and reasons, like all others.
 */
import { TREE_SERVERS_MAX } from './limits.ts';

// --- before it is parsed; a value is an element or a field, and the whole is one ---

/** In a request: twice what the fullest one has, an export that names devices and keys in two lists. */
export const REQUEST_VALUES_MAX = 4000;
/** Nesting of objects and arrays in any message but a tree: none of ours exceeds 5. */
export const MESSAGE_DEPTH_MAX = 8;
/** In a heartbeat of a secondary: each server of its tree is one value and has nine, and others fill its bytes first. */
export const TREE_VALUES_MAX = 20 * TREE_SERVERS_MAX;
/**
 * Also in it: servers in one line fill its bytes at 1,000, two levels each. A tree that is too deep to keep is cut, not
 * refused.
 */
export const TREE_DEPTH_MAX = 2000;
/** In an answer to a machine: 100 keys of an arrival, each refused by a way of 64 servers, are 21,000. */
export const ANSWER_VALUES_MAX = 32_000;
/**
 * An answer about one key, of which a server awaits `EXCHANGES_MAX` at a time: a way of 64 servers with everything at
 * its limit fits. In bytes.
 */
export const KEY_ANSWER_BYTES_MAX = 256 * 1024;
/** In a line or row that holds one key: the record has 20; the rest is room for the fields of a later release. */
export const KEY_VALUES_MAX = 128;
/** An answer to a person, held whole: the largest names every key that has a problem. */
export const PEOPLE_ANSWER_BYTES_MAX = 32 * 1024 * 1024;
export const PEOPLE_ANSWER_VALUES_MAX = 1_000_000;
/** The servers below are shown as deep as a lookup goes, two levels each. */
export const PEOPLE_ANSWER_DEPTH_MAX = 40;

// --- texts and lists ---

/** Why a key is refused: one sentence. */
export const REFUSED_REASON_LENGTH_MAX = 1000;
/** A sentence for a person: the longest names every server of a way, each name at its limit. */
export const SENTENCE_LENGTH_MAX = 32 * 1024;
/** One line of the audit log: the longest names the devices and keys that an export was asked for. */
export const AUDIT_LINE_LENGTH_MAX = 1024 * 1024;
/** A configuration file: a dozen names with paths, and room for indentation. */
export const CONFIG_BYTES_MAX = 64 * 1024;
/** The longest path Linux takes, in bytes. */
export const PATH_LENGTH_MAX = 4096;
/** Addresses of one server: a name, an IP address of either version, and those of some networks. */
export const ADDRESSES_MAX = 16;
/** A certificate in PEM: ours take less than 1,000. */
export const CERTIFICATE_LENGTH_MAX = 8192;
/** The secret of an invitation in base64url: 43 characters, and twice that is room for a longer one. */
export const INVITATION_SECRET_LENGTH_MAX = 128;
/** Arguments of one stanza of an age header: known kinds have four at most. */
export const STANZA_ARGS_MAX = 16;
/** One of them: it may hold an encapsulated key, of which a hybrid one takes 1.6 KiB. */
export const STANZA_ARG_LENGTH_MAX = 4096;
/** The body of a stanza in base64: the largest wraps a file's key for a post-quantum recipient. */
export const STANZA_BODY_LENGTH_MAX = 16 * 1024;
/** The id of a line that may be no key: that of a key, or less. */
export const LINE_ID_LENGTH_MAX = 36;
/** A file's key in base64: 16 bytes. */
export const FILE_KEY_LENGTH_MAX = 24;
/** A receipt in base64: a record with material and fields at their limits, sealed. */
export const RECEIPT_LENGTH_MAX = 24 * 1024;
/** Drives that one device reports: more than stand in one machine. With all texts at their limits they fill a request. */
export const DRIVES_REPORTED_MAX = 64;
/** What is wrong with a drive and what to do, in UTF-16 units: some sentences. Longer ones are cut. */
export const DRIVE_PROBLEM_LENGTH_MAX = 600;
/** A path, label, serial or model in UTF-16 units: LUKS2 labels have 47, and disks say at most 40. */
export const DRIVE_TEXT_LENGTH_MAX = 128;
/** Servers that a lookup's message may name: more than its depth, so that a way that is too long can be reported. */
export const ASKED_SERVERS_MAX = 64;
/** Keys and rows that a report to a person names; beyond this the rest is only counted. */
export const REPORT_NAMES_MAX = 1000;
/** Jobs that are shown: more than anyone starts in an hour. */
export const JOBS_KEPT_MAX = 200;
/** Items of one kind in an answer to a person: more servers than a listener has connections, as many keys as anyone reads. */
export const PEOPLE_LIST_MAX = 100_000;
