/**
 * One message of syslog (RFC 5424), framed for a stream by its length in octets (RFC 5425).
 *
 * Invariant: every octet between the frames' lengths is printable ASCII, so nothing in an event ends a message, a field
 * or a parameter early, whatever a receiver takes for an end.
 */

/** RFC 5424 6.2.1: `log audit`. */
const FACILITY = 13;
export const SYSLOG_SEVERITY = { alert: 1, warning: 4, notice: 5 } as const;
/** RFC 5424 6.3.5.1: after the greatest number it begins again at 1. */
const SEQUENCE_MAX = 2_147_483_647;
const HOST_LENGTH_MAX = 255;
const MESSAGE_NAME_LENGTH_MAX = 32;
const NIL = '-';

export interface SyslogMessage {
  readonly severity: keyof typeof SYSLOG_SEVERITY;
  /** ISO 8601; empty where there is none. */
  readonly at: string;
  readonly host: string;
  /** What kind of message it is. */
  readonly name: string;
  /** Its number in its log, from 1. */
  readonly number: number;
  readonly software: string;
  readonly version: string;
  /** A JSON document. */
  readonly json: string;
}

export function syslogFrame(message: SyslogMessage): Buffer {
  const { severity, at, host, name, number, software, version, json } = message;
  const header = [
    `<${FACILITY * 8 + SYSLOG_SEVERITY[severity]}>1`,
    at === '' ? NIL : at,
    printable(host, HOST_LENGTH_MAX),
    software,
    NIL,
    printable(name, MESSAGE_NAME_LENGTH_MAX),
  ].join(' ');
  const sequence = ((number - 1) % SEQUENCE_MAX) + 1;
  const data =
    `[origin software="${parameter(software)}" swVersion="${parameter(version)}"]` +
    `[meta sequenceId="${sequence}"]`;
  const text = `${header} ${data} ${asciiJson(json)}`;
  return Buffer.from(`${text.length} ${text}`, 'latin1');
}

/** Without white space: a header's field ends at a space. */
function printable(text: string, lengthMax: number): string {
  const kept = text.replaceAll(/[^\x21-\x7e]/gu, '').slice(0, lengthMax);
  return kept === '' ? NIL : kept;
}

/** RFC 5424 6.3.3: these three end a parameter, or what holds it. */
function parameter(text: string): string {
  return text.replaceAll(/["\\\]]/g, (character) => `\\${character}`);
}

/** The same document in printable ASCII: all else stands only in its strings. */
function asciiJson(json: string): string {
  return json.replaceAll(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
