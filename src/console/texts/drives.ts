/** What a device told of its drives. */
import { catalogue } from './catalogue.ts';

export const DRIVES = catalogue(
  {
    drives: 'Drives',
    title: 'Device',
    id: 'Id',
    toKey: 'To this key',
    never: 'It never told of its drives: its agent is older, or was not heard yet.',
    word: 'As the device itself says',
    none: 'none in custody',
    problems: (count: string) => (count === '1' ? '1 problem' : `${count} problems`),
    proved: (proved: string, demanded: string) =>
      proved === demanded ? `${proved} proved` : `${proved} of ${demanded} proved`,
    told: 'Drives told of',
    group: 'Group',
    heard: 'Last heard',
    uuid: 'UUID',
    label: 'Label',
    disk: 'Disk',
    state: 'State',
    key: 'Key',
    lastProved: 'Last proved to open',
    cannotLook: 'The device cannot look at its drives',
    left: (count: string) =>
      `It has ${count === '1' ? '1 more drive' : `${count} more drives`} than it can report.`,
    neverProved: 'never',
    states: {
      'no rule': 'no rule',
      'in progress': 'in progress',
      done: 'done',
      error: 'error',
      cancelled: 'cancelled',
      'waiting for restart': 'waiting for restart',
      'encrypted without rule': 'encrypted without rule',
    },
    coverage: (proved: string, demanded: string) => {
      if (demanded === '0') return 'No drive must be in custody.';
      const were = demanded === '1' ? 'one drive' : `${demanded} drives`;
      return `Of ${were} that must be in custody, ${proved} ${proved === '1' ? 'was' : 'were'} proved to open within the last day.`;
    },
  },
  {
    drives: 'Laufwerke',
    title: 'Gerät',
    id: 'Kennung',
    toKey: 'Zu diesem Schlüssel',
    never: 'Es hat seine Laufwerke nie gemeldet: Sein Agent ist älter oder wurde noch nicht gehört.',
    word: 'Nach Angabe des Geräts',
    none: 'keines verwahrt',
    problems: (count) => (count === '1' ? '1 Problem' : `${count} Probleme`),
    proved: (proved, demanded) =>
      proved === demanded ? `${proved} geprüft` : `${proved} von ${demanded} geprüft`,
    told: 'Laufwerke gemeldet',
    group: 'Gruppe',
    heard: 'Zuletzt gehört',
    uuid: 'UUID',
    label: 'Beschriftung',
    disk: 'Datenträger',
    state: 'Zustand',
    key: 'Schlüssel',
    lastProved: 'Zuletzt als passend geprüft',
    cannotLook: 'Das Gerät kann seine Laufwerke nicht ansehen',
    left: (count) =>
      `Es hat ${count === '1' ? 'ein Laufwerk' : `${count} Laufwerke`} mehr, als es melden kann.`,
    neverProved: 'nie',
    states: {
      'no rule': 'ohne Regel',
      'in progress': 'in Arbeit',
      done: 'erledigt',
      error: 'Fehler',
      cancelled: 'abgebrochen',
      'waiting for restart': 'wartet auf Neustart',
      'encrypted without rule': 'verschlüsselt, ohne Regel',
    },
    coverage: (proved, demanded) => {
      if (demanded === '0') return 'Kein Laufwerk muss verwahrt sein.';
      const those =
        demanded === '1'
          ? 'einem Laufwerk, das verwahrt sein muss,'
          : `${demanded} Laufwerken, die verwahrt sein müssen,`;
      return `Von ${those} ${proved === '1' ? 'wurde' : 'wurden'} in den letzten 24 Stunden ${proved} als passend geprüft.`;
    },
  },
);
