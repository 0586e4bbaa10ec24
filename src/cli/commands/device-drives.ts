/** `keystair devices …` for what devices told of their drives. */
import { coverageOf, percent } from '#domain/drive-report.ts';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import { command } from '../command.ts';
import { everyDevice, type ListedDevice } from '../every-device.ts';
import { text } from '../options.ts';
import { columns, tableOf } from '../table.ts';
import { ADDRESSED_SERVER, count, when } from '../words.ts';

type ShownDrive = NonNullable<PeopleAnswer<'showDevice'>['device']['report']>['drives'][number];

export function stateWords({ state, movedTo }: Pick<ListedDevice, 'state' | 'movedTo'>): string {
  return movedTo === undefined ? state : `${state} to ${movedTo.name}`;
}

/** In few words: nothing where the device never told of its drives. */
export function drivesWords(told: ListedDevice['drives']): string {
  if (told === null) return '';
  const { drives, demanded, proved, problems } = told;
  if (problems > 0) return `${drives}, ${count(problems, 'problem')}`;
  if (demanded === 0) return `${drives}, none in custody`;
  return proved === demanded ? `${drives}, ${proved} proved` : `${drives}, ${proved} of ${demanded} proved`;
}

export const show = command({
  summary: 'show a device with its drives, as the device itself reported them',
  positionals: { device: { placeholder: 'D', help: 'id or name of the device' } },
  options: ADDRESSED_SERVER,
  example: 'laptop-17 --data /var/lib/keystair',
  run: async (context, { device: id }, { data: address }) => {
    const client = await context.connect(address);
    const { device } = await client('showDevice', { id });
    const { report, reportedAt } = device;
    const drives = report?.drives ?? [];
    return {
      document: { device },
      lines: [
        ...columns([
          ['Name', device.name],
          ['Id', device.id],
          ['Group', device.group.name],
          ['Keys', String(device.keys)],
          ['Last heartbeat', when(device.lastHeartbeatAt)],
          ['State', stateWords(device)],
          ['Drives told of', when(reportedAt)],
        ]),
        ...(drives.length === 0 ? [] : ['', ...tableOf(DRIVE_TITLES, drives, driveCells)]),
      ],
      messages: [
        ...(report === null
          ? ['It never told of its drives: its agent is older, or was not heard yet.']
          : []),
        ...(report?.problem ? [`The device cannot look at its drives: ${report.problem}`] : []),
        ...drives.flatMap(({ path, problem }) => (problem === null ? [] : [`${path}: ${problem}`])),
        ...(report !== null && report.left > 0
          ? [`It has ${count(report.left, 'more drive')} than it can report.`]
          : []),
      ],
    };
  },
});

const DRIVE_TITLES = ['Path', 'UUID', 'Label', 'Disk', 'State', 'Key', 'Last proved'];

function driveCells({ path, uuid, label, serial, model, state, key, provedAt }: ShownDrive): string[] {
  const disk = [model, serial].filter((said) => said !== null).join(' ');
  return [path, uuid ?? '', label ?? '', disk, state, key ?? '', key === null ? '' : when(provedAt)];
}

/** Devices named where drives are not proved: as many as somebody acts on; the rest is counted. */
const GAPS_SHOWN = 20;

export const coverage = command({
  summary: 'how many drives that must be in custody were proved to open within the last day, and where not',
  positionals: {},
  options: { ...ADDRESSED_SERVER, group: text('G', 'only devices in this group, or in one that is in it') },
  example: '--data /var/lib/keystair',
  run: async (context, _values, { data: address, group }) => {
    const client = await context.connect(address);
    const { gaps, ...sums } = coverageOf(await everyDevice(client, { group }));
    const { devices, told, demanded, proved, gapCount } = sums;
    const shown = gaps.slice(0, GAPS_SHOWN);
    return {
      document: { ...sums, gaps: gaps.map(({ id, name }) => ({ id, name })) },
      lines: [
        ...columns([
          ['Devices', `${devices}, of which ${told} told of their drives`],
          ['Drives that must be in custody', String(demanded)],
          ['Proved within the last day', demanded === 0 ? '0' : `${proved} (${percent(proved, demanded)})`],
        ]),
        ...(shown.length === 0
          ? []
          : ['', ...tableOf(['Not proved on', 'Drives', 'Last heartbeat'], shown, gapCells)]),
      ],
      messages: [
        ...(gapCount > shown.length ? [`And ${count(gapCount - shown.length, 'more device')}.`] : []),
        ...(gapCount > 0 ? ['What is wrong on one of them: keystair devices show D'] : []),
      ],
    };
  },
});

function gapCells({ name, drives, lastHeartbeatAt }: ListedDevice): string[] {
  return [name, drivesWords(drives), when(lastHeartbeatAt)];
}
