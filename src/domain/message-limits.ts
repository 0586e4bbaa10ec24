/**
 * The limits of messages: how much of one is taken before it is parsed, and how long its texts and lists are. With their
 * units and reasons, like all others.
 */
import { TREE_SERVERS_MAX } from './limits.ts';

// --- before it is parsed; a value is an element or a field, and the whole is one ---

/** In a request: twice what the fullest has, an export that names devices and keys in two lists. */
export const REQUEST_VALUES_MAX = 4000;
/** Objects and arrays within one another in any message but a tree: none of ours has more than 5. */
export const MESSAGE_DEPTH_MAX = 8;
/** In a heartbeat of a secondary: each server of its tree is one value and has nine, and others fill its bytes first. */
export const TREE_VALUES_MAX = 20 * TREE_SERVERS_MAX;
/** In it, too: servers in one line fill its bytes at 1,000, two levels each. What is too deep to be kept is cut, not refused. */
export const TREE_DEPTH_MAX = 2000;
/** In an answer to a machine: 100 keys of an arrival, each refused by a way of 64 servers, are 21,000. */
export const ANSWER_VALUES_MAX = 32_000;
/** In a line or row that holds one key: the record has 20; the rest is room for the fields of a later release. */
export const KEY_VALUES_MAX = 128;
/** An answer to a person, held whole: the largest names every key that something is wrong with. */
export const PEOPLE_ANSWER_BYTES_MAX = 32 * 1024 * 1024;
export const PEOPLE_ANSWER_VALUES_MAX = 1_000_000;
/** The servers below are shown as deep as a lookup goes, two levels each. */
export const PEOPLE_ANSWER_DEPTH_MAX = 40;

// --- texts and lists ---

/** Why a key is refused: one sentence. */
export const REFUSED_REASON_LENGTH_MAX = 1000;
/** A sentence for a person: at its longest it names every server of a way, each by a name at its limit. */
export const SENTENCE_LENGTH_MAX = 32 * 1024;
/** A configuration file: a dozen names with paths, and room for whoever indents. */
export const CONFIG_BYTES_MAX = 64 * 1024;
/** The longest path Linux takes, in bytes. */
export const PATH_LENGTH_MAX = 4096;
/** Addresses of one server: a name, a number of either kind, and those of some networks. */
export const ADDRESSES_MAX = 16;
/** A certificate in PEM: ours take less than 1,000. */
export const CERTIFICATE_LENGTH_MAX = 8192;
/** A receipt in base64: a record with material and fields at their limits, sealed. */
export const RECEIPT_LENGTH_MAX = 24 * 1024;
/** Servers that a message of a lookup may name: more than its depth, so that a way that is too long can be told of. */
export const ASKED_SERVERS_MAX = 64;
/** Keys and rows that a report to a person names; behind so many the rest is only counted. */
export const REPORT_NAMES_MAX = 1000;
/** Of one kind of thing in an answer to a person: more servers than a listener has connections, keys as many as anyone reads. */
export const PEOPLE_LIST_MAX = 100_000;
