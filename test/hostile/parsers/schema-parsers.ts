/** The schemas of all messages: a request or an answer that does not fit is refused by the schema, and by nothing else. */
import { z } from 'zod';
import { MACHINE_ROUTES } from '#protocol/machine-routes.ts';
import { PEOPLE_ROUTES } from '#protocol/people/people-routes.ts';
import type { Parser } from './parser.ts';

const UUID = '7d444840-9dc0-41d1-b245-5ffdce74fad2';
const CLAIM = 'AAECAwQFBgcICQoLDA0ODw';
const HEX = '0'.repeat(64);

/** One object with every field that any message has, in a form that fits most of them. */
function everything(wire: string): string {
  const server = `{"id":"${UUID}","name":"Office"}`;
  return `{"id":"${UUID}","name":"Office","secret":"${'A'.repeat(43)}","kind":"device","claim":"${CLAIM}",
    "server":${server},"asked":[${server}],"remainingMs":1000,"complete":${wire},"source":${server},"outcome":"found",
    "useHierarchy":true,"dmz":false,"epoch":"${'0'.repeat(32)}","seq":3,"chain":"${HEX}","treeDigest":"",
    "tree":[{"id":"${UUID}","name":"Oslo","useHierarchy":true,"dmz":false,"waiting":0,"lastHeartbeatAt":null,
    "problem":null,"secondaries":[]}],"receipts":{"count":1,"digest":"${HEX}"},"ids":["${UUID}"],"missing":["${UUID}"],
    "keys":[{"id":"${UUID}","claim":"${CLAIM}"}],"stanzas":[{"args":["X25519","A"],"body":"AA=="}],"reason":"option-off",
    "at":${server},"after":0,"limit":10,"find":"x","device":"laptop","invitation":"x","expiresMs":1000,
    "acknowledged":{"seq":1,"chain":"${HEX}"},"addresses":["office.example:8443"],"password":"plum-river-candle",
    "selection":{},"dryRun":false}`;
}

/** Every schema of a table in one parser: a message is read as each of them. */
function tableParser(name: string, schemas: readonly unknown[], wire: string): Parser {
  const zods = schemas.filter((schema): schema is z.ZodType => schema instanceof z.ZodType);
  return {
    name,
    valid: [Buffer.from(everything(wire))],
    read(input) {
      const value: unknown = JSON.parse(input.toString('utf8'));
      for (const schema of zods) schema.safeParse(value);
    },
    refuses: (error) => error instanceof SyntaxError,
    oneOf: 10,
  };
}

export function schemaParsers(wire: string): readonly Parser[] {
  const machine = Object.values(MACHINE_ROUTES);
  const people = Object.values(PEOPLE_ROUTES);
  return [
    tableParser(
      "machines' requests",
      machine.map(({ request }) => request),
      wire,
    ),
    tableParser(
      "machines' answers",
      machine.map(({ answer }) => answer),
      wire,
    ),
    tableParser(
      "people's requests",
      people.map(({ request }) => request),
      wire,
    ),
    tableParser(
      "people's answers",
      people.map(({ answer }) => answer),
      wire,
    ),
  ];
}
