/** Verifies the audit log alone: for an auditor, who may see events and nothing else of the server. */
import { rootOf } from '#domain/merkle-tree.ts';
import { toHex } from '#domain/hex.ts';
import { warn } from '#domain/step.ts';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import type { CallLife } from '../../environment/call-life.ts';
import { type AuditPorts, walkAudit } from './audit-walk.ts';
import { Findings } from './findings.ts';

/** Throws `interrupted`. */
export async function verifyAudit(ports: AuditPorts, life: CallLife): Promise<PeopleAnswer<'verifyAudit'>> {
  const findings = new Findings();
  const { seq: lines } = await ports.reader.auditHead();
  const { size, frontier } = await walkAudit(ports, findings, { line: 0, cursors: [] }, async (line) => {
    life.requireWanted();
    life.progress(Math.min(line, lines), lines);
    await new Promise(setImmediate);
  });
  const { more } = findings;
  const rest = warn({ name: 'more-findings', details: { count: String(more) } }, `and ${more} more`);
  const problems = [...findings.notices, ...(more === 0 ? [] : [rest])];
  return { ok: problems.length === 0, size, root: toHex(rootOf(frontier)), problems };
}
