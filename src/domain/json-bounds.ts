/** How much JSON is accepted from each source before it is parsed. The limits give the numbers and their reasons. */
import type { JsonBounds } from './bounded-json.ts';
import {
  ANSWER_BYTES_MAX,
  BACKUP_LINE_BYTES_MAX,
  REQUEST_BYTES_MAX,
  TRANSMISSION_LINE_BYTES_MAX,
} from './limits.ts';
import { JOIN_BYTES_MAX } from './listener-limits.ts';
import {
  ANSWER_VALUES_MAX,
  KEY_ANSWER_BYTES_MAX,
  KEY_VALUES_MAX,
  MESSAGE_DEPTH_MAX,
  PEOPLE_ANSWER_BYTES_MAX,
  PEOPLE_ANSWER_DEPTH_MAX,
  PEOPLE_ANSWER_VALUES_MAX,
  REQUEST_VALUES_MAX,
  TREE_DEPTH_MAX,
  TREE_VALUES_MAX,
} from './message-limits.ts';

/** A request of a machine or a person, a configuration file, a fact of an agent's state. */
export const REQUEST_JSON: JsonBounds = {
  length: REQUEST_BYTES_MAX,
  depth: MESSAGE_DEPTH_MAX,
  values: REQUEST_VALUES_MAX,
};

/** A request of a machine that wants to join. */
export const JOIN_JSON: JsonBounds = { ...REQUEST_JSON, length: JOIN_BYTES_MAX };

/** A heartbeat of a secondary, which may carry the tree below it. */
export const TREE_JSON: JsonBounds = {
  length: REQUEST_BYTES_MAX,
  depth: TREE_DEPTH_MAX,
  values: TREE_VALUES_MAX,
};

/** What a server answers a machine. */
export const ANSWER_JSON: JsonBounds = {
  length: ANSWER_BYTES_MAX,
  depth: MESSAGE_DEPTH_MAX,
  values: ANSWER_VALUES_MAX,
};

/** What a server answers about one key: many such answers are awaited at a time. */
export const KEY_ANSWER_JSON: JsonBounds = {
  length: KEY_ANSWER_BYTES_MAX,
  depth: MESSAGE_DEPTH_MAX,
  values: REQUEST_VALUES_MAX,
};

/** What a server answers a person. */
export const PEOPLE_ANSWER_JSON: JsonBounds = {
  length: PEOPLE_ANSWER_BYTES_MAX,
  depth: PEOPLE_ANSWER_DEPTH_MAX,
  values: PEOPLE_ANSWER_VALUES_MAX,
};

/** One key: a line of a batch or an export, its fields in a row, a receipt. */
export const KEY_JSON: JsonBounds = {
  length: TRANSMISSION_LINE_BYTES_MAX,
  depth: MESSAGE_DEPTH_MAX,
  values: KEY_VALUES_MAX,
};

/** A row of a database, or a line of a backup that holds one: the largest is a tree that a secondary reported. */
export const ROW_JSON: JsonBounds = {
  length: BACKUP_LINE_BYTES_MAX,
  depth: TREE_DEPTH_MAX,
  values: TREE_VALUES_MAX,
};
