/** The names of the tables, in the order in which a group writes them. */
export const TABLE_NAMES = [
  'keys',
  'staged_keys',
  'trusted_rows',
  'cursors',
  'refused_keys',
  'contacts',
  'receipts',
  'receipt_totals',
  'audit',
  'audit_tiles',
] as const;
export type TableName = (typeof TABLE_NAMES)[number];
