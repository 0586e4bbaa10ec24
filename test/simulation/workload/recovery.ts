/** A secondary that lost keys has them back from its primary, once an administrator there allows it. */
import { codeOf } from '#domain/errors.ts';
import { COMPLETE, owed } from '../checkers/given-back.ts';
import { MINUTE_MS, type Step, within } from '../step.ts';
import type { Instance } from '../world/instance.ts';
import type { World } from '../world/world.ts';

/** Now and then without asking anybody first, late, or after the permission was taken back. */
export async function recover(world: World, server: Instance, step: Step): Promise<void> {
  const primary = world
    .siteById(server.observed.links.primary?.id ?? '')
    ?.instances.find(({ state }) => state === 'running');
  if (primary === undefined) return;
  if (step.size % 3 === 0) await haveBack(world, server, primary);
  const expiresMs = within(step.two, 1, 20) * MINUTE_MS;
  world.trace.tell(primary.name, `its administrator allows ${server.site.name} to have its keys back`);
  await primary.ask('allowRecovery', { id: server.site.id, expiresMs });
  await world.schedule.wait(within(step.one, 1, 10 * MINUTE_MS), 'having keys back');
  if (step.size % 4 === 0) {
    world.begin(server.name, 'having keys back', () => haveBack(world, server, primary));
    await world.schedule.wait(within(step.size, 1, 100), 'taking it back');
    world.trace.tell(primary.name, `its administrator takes back what it allowed ${server.site.name}`);
    await primary.ask('allowRecovery', { id: server.site.id, off: true });
  }
  await haveBack(world, server, primary);
}

async function haveBack(world: World, server: Instance, primary: Instance): Promise<void> {
  const { facts } = world.witness;
  const owing = owed(primary, server.site);
  const since = facts.now;
  world.trace.tell(server.name, `its administrator has keys back from ${primary.site.name}`);
  try {
    const report = await server.ask('recoverFromPrimary', {});
    world.trace.tell(server.name, `has ${report.new} keys back, ${report.known} were known`);
    const another = primary.site.instances.length > 1 || facts.putBackSince(primary.site, since);
    if (report.primary.id !== primary.site.id || another) return;
    const missing = owing.find((id) => !server.observed.keys.has(id));
    if (missing === undefined) return;
    facts.violate(
      COMPLETE,
      `${server.name} has everything back from ${primary.name}, and does not have key ${missing}`,
      [missing, server.name, primary.name],
    );
  } catch (error) {
    if (!['not-allowed', 'link-closed'].includes(codeOf(error))) throw error;
    world.trace.tell(server.name, `gets nothing back: ${codeOf(error)}`);
  }
}
