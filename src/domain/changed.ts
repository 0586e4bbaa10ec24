/**
 * Who changed a row last, and when: kept with what people edit, for whoever decided on an older version of it. The
 * audit log has all changes.
 */

export interface Changed {
  /** As the audit log names them. */
  readonly by: string;
  /** ISO 8601. */
  readonly at: string;
}
