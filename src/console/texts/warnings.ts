/**
 * Warnings of the server, and findings of a verification of its audit log, in the languages that it does not speak
 * itself. Every one has its sentence here, or the console does not compile.
 */
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import type { Language } from './catalogue.ts';
import { LISTS } from './lists.ts';

export type Notice = PeopleAnswer<'serverStatus'>['warnings'][number];
type Warning = NonNullable<Notice['about']>;
/** How the page writes times and counts. */
interface Written {
  readonly day: (iso: string) => string;
  readonly number: (value: number) => string;
}
type WarningWords = {
  readonly [Name in Warning['name']]: (
    details: Extract<Warning, { readonly name: Name }>['details'],
    written: Written,
  ) => string;
};

function actOf(act: string): string {
  const acts: Readonly<Record<string, string>> = LISTS.de.approvals.acts;
  return `„${acts[act] ?? act}“`;
}

/** The lines that were witnessed, in the nominative. */
function witnessed(lines: string, { number }: Written): string {
  return lines === '1' ? 'die hier bezeugte Zeile' : `die ${number(Number(lines))} hier bezeugten Zeilen`;
}

/** Which numbers are lost, from the server's words for it. */
function lost(range: string): string {
  return range === 'none' ? 'keine' : range.replace('up to', 'bis').replace(' to ', ' bis ');
}

const ACKNOWLEDGE = 'Klären Sie den Grund mit einem Administrator dort, und bestätigen Sie die Lücke.';
const VERIFY = 'Prüfen Sie den Server, und stellen Sie die neueste Sicherung wieder her.';

const GERMAN: WarningWords = {
  emergency: ({ act, by, reason, at }, { day }) =>
    `NOTFALL: ${by} hat ${actOf(act)} am ${day(at)} allein freigegeben, und noch haben es keine zwei Personen bestätigt. Angegebener Grund: ${reason}. Bestätigen Sie es, sobald Sie wissen, warum es geschah.`,
  'more-emergencies': ({ count }, { number }) =>
    `Weitere Notfälle: ${number(Number(count))}. Sie stehen unter „Freigaben“.`,
  'rule-too-strict': ({ act, asked, left }, { number }) =>
    `${actOf(act)} verlangt ${number(Number(asked))} Freigaben, und ${left === '0' ? 'niemand darf mehr' : left === '1' ? 'nur eine Person darf noch' : `nur ${number(Number(left))} Personen dürfen noch`} freigeben: So geht es nicht mehr. Geben Sie mehr Personen dieses Recht, oder verlangen Sie weniger Freigaben.`,

  'key-file-missing': ({ file }) =>
    `Die Schlüsseldatei ${file} fehlt. Stellen Sie sie wieder her, oder fügen Sie ein anderes Siegel hinzu und entfernen Sie das ihre.`,
  'key-file-useless': ({ file }) => `Die Schlüsseldatei ${file} öffnet nichts mehr. Vernichten Sie sie.`,
  'key-file-of-another-seal': ({ file, seal }) =>
    `Die Schlüsseldatei des Siegels ${seal} ist nicht die unter ${file}. Stellen Sie sie wieder her, oder entfernen Sie das Siegel.`,
  'key-file-beside-database': ({ file }) =>
    `Die Schlüsseldatei ${file} liegt auf derselben Platte wie die Datenbank: Wer die Platte mitnimmt, hat jeden Schlüssel. Legen Sie sie auf eine andere Platte (rootKeyFile in der Konfiguration).`,

  'audit-keys-closed': () => `Die Schlüssel, die das Prüfprotokoll signieren, öffnen sich nicht. ${VERIFY}`,
  'audit-not-continued': ({ lines }, { number }) =>
    `Das Prüfprotokoll setzt ${lines === '1' ? 'seine signierte erste Zeile' : `seine signierten ersten ${number(Number(lines))} Zeilen`} nicht fort, deshalb wird es nicht mehr signiert. ${VERIFY}`,
  'audit-gap-at-primary': () =>
    'Der übergeordnete Server hat eine andere Vergangenheit dieses Prüfprotokolls bezeugt und zeigt seinen Administratoren die Lücke. Einer von ihnen muss sie bestätigen.',
  'gap-rewritten': ({ server, lines, at }, written) =>
    `${server} hat sein Prüfprotokoll umgeschrieben: Was er am ${written.day(at)} meldete, setzt ${witnessed(lines, written)} nicht fort. ${ACKNOWLEDGE}`,
  'gap-new-epoch': ({ server, lines, at }, written) =>
    `${server} hat sein Prüfprotokoll am ${written.day(at)} neu begonnen. Am Anfang ${lines === '1' ? 'steht' : 'stehen'} noch ${witnessed(lines, written)}. ${ACKNOWLEDGE}`,
  'gap-new-epoch-unproven': ({ server, lines, at }, written) =>
    `${server} hat sein Prüfprotokoll am ${written.day(at)} neu begonnen und nicht bewiesen, dass es ${witnessed(lines, written)} noch enthält. ${ACKNOWLEDGE}`,
  'gap-other-key': ({ server, lines, at }, written) =>
    `${server} signiert sein Prüfprotokoll seit ${written.day(at)} mit einem anderen Schlüssel, und es ist nicht bewiesen, dass es ${witnessed(lines, written)} noch enthält. ${ACKNOWLEDGE}`,
  'gap-invalid': ({ server, at }, { day }) =>
    `${server} hat am ${day(at)} einen Prüfpunkt seines Prüfprotokolls gesendet, der nicht richtig signiert ist. ${ACKNOWLEDGE}`,
  'gap-withheld': ({ server, lines, at }, { day, number }) =>
    `${server} meldet seit ${day(at)} nichts mehr von seinem Prüfprotokoll. Vorher bezeugte Zeilen: ${number(Number(lines))}. ${ACKNOWLEDGE}`,
  'receiver-behind': ({ receiver, events, since, problem }, { day, number }) =>
    `Der Empfänger ${receiver} des Prüfprotokolls ist ${events === '1' ? 'ein Ereignis' : `${number(Number(events))} Ereignisse`} zurück${since === '' ? '' : `, das erste von ${day(since)}`}${problem === '' ? '' : ` (${problem})`}. Prüfen Sie ihn und seine Einträge in der Konfiguration; das Protokoll behält, was er nicht genommen hat.`,

  'row-altered': ({ row }) =>
    `Die Zeile „${row}“ wurde in der Datenbank verändert und gilt als nicht vorhanden. Stellen Sie die neueste Sicherung wieder her, oder legen Sie sie neu an.`,
  'more-rows-altered': ({ count }, { number }) =>
    `Weitere veränderte Zeilen: ${number(Number(count))}. Eine Prüfung des Servers nennt sie.`,
  loop: ({ servers, secondary, primary, at }, { day }) =>
    `Die Server bilden einen Ring, jeder unter dem vorigen: ${servers}. ${at === '' ? 'Trennen Sie den Server, der keinen übergeordneten haben soll, von seinem.' : `Die neueste Verbindung ist die von ${secondary} zu ${primary} vom ${day(at)}. Trennen Sie sie, oder die des Servers, der keinen übergeordneten haben soll.`}`,
  'clock-behind': ({ clock, known }, { day }) =>
    `Die Uhr dieses Servers steht auf ${day(clock)}, aber sein Prüfprotokoll war schon bei ${day(known)}. Stellen Sie die Uhr. Geht sie jetzt richtig und ging damals falsch, endet diese Warnung zu jener Zeit.`,
  'commits-lost': ({ keys, lines, at }, { day }) =>
    `Die Datenbank hat verloren, was sie bestätigt hatte (bemerkt am ${day(at)}). Schlüssel: ${lost(keys)}; Zeilen des Prüfprotokolls: ${lost(lines)}. Geräte und untergeordnete Server senden von selbst nach; suchen Sie den Rest beim übergeordneten Server, in Exporten und Sicherungen.`,
  'recovery-open': ({ server, until }, { day }) =>
    `${server} darf seine Schlüssel bis ${day(until)} von hier wiederherstellen. Beenden Sie das, wenn er sie hat.`,
  'keys-refused': ({ count }, { number }) =>
    `Vom übergeordneten Server abgelehnte Schlüssel: ${number(Number(count))}. Der Grund steht beim Schlüssel.`,
  'disk-low': () =>
    'Auf der Platte ist wenig Platz: Übertragungen untergeordneter Server sind aufgeschoben. Schaffen Sie Platz.',

  'log-line-altered': ({ line }, { number }) => `Zeile ${number(Number(line))} wurde verändert.`,
  'log-unproved': ({ from, to }, { number }) =>
    `${from === to ? `Zeile ${number(Number(to))}` : `Eine der Zeilen ${number(Number(from))} bis ${number(Number(to))}`} wurde verändert, und keine Zeile danach ist bewiesen.`,
  'log-unsealed-end': () =>
    'Nach seiner letzten versiegelten Zeile wurde das Protokoll gekürzt oder verlängert.',
  'log-lines-missing': ({ from, to }, { number }) =>
    from === to
      ? `Zeile ${number(Number(to))} fehlt.`
      : `Die Zeilen ${number(Number(from))} bis ${number(Number(to))} fehlen.`,
  'log-seal-altered': ({ line }, { number }) =>
    `Das Siegel der Zeile ${number(Number(line))} wurde verändert.`,
  'log-not-as-signed': ({ lines }, { number }) =>
    `Die ersten ${number(Number(lines))} Zeilen sind nicht die des signierten Prüfpunkts.`,
  'log-truncated': ({ line, signed }, { number }) =>
    `Das Protokoll endet mit Zeile ${number(Number(line))}, aber signiert waren schon ${number(Number(signed))} Zeilen: Es wurde gekürzt.`,
  'log-altered-before-tree': ({ faults, lines }, { number }) =>
    `Als der Baum begonnen wurde, waren von den ersten ${number(Number(lines))} Zeilen schon ${number(Number(faults))} verändert.`,
  'log-tree-altered': () =>
    'Der gespeicherte Baum wurde verändert, die Zeilen nicht. Die Prüfung des Servers mit Reparatur legt ihn neu an.',
  'log-cursor-altered': ({ member, epoch, seq }, { number }) =>
    `Die Angabe, wie weit ${member} in der Epoche ${epoch} empfangen wurde, wurde verändert: Sie sagt ${number(Number(seq))}, das Protokoll sagt etwas anderes.`,
  'more-findings': ({ count }, { number }) => `Weitere Befunde: ${number(Number(count))}.`,
};

const WARNINGS: Readonly<Record<Language, WarningWords | null>> = { en: null, de: GERMAN };

/** Undefined: the page shows the server's own sentence. */
export function warningWords(language: Language, { about }: Notice, written: Written): string | undefined {
  const words = WARNINGS[language];
  if (about === undefined || words === null) return undefined;
  const say = words[about.name] as (details: Warning['details'], written: Written) => string;
  return say(about.details, written);
}
