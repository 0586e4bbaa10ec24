/** One question about some tables: its owner decides on which connection it is asked, and what must be sent before. */
import type { Row, Value } from './session.ts';
import type { TableName } from './tables.ts';

export type Ask = (
  tables: readonly TableName[],
  text: string,
  values?: readonly Value[],
) => Promise<readonly Row[]>;
