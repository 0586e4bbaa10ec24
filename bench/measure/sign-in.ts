/**
 * P15: what a sign-in costs the server, beside the stretching of its password alone. Two calls, with a recovery code in
 * place of a one-time code: those of an app count once in half a minute.
 */
import { randomBytes } from 'node:crypto';
import { Agent, request } from 'node:https';
import { TOTP } from 'otpauth';
import { newPassword } from '#crypto/password/password-text.ts';
import { makePassphraseParameters, stretchPassphrase } from '#crypto/seal/passphrase.ts';
import type { ServerProcess } from '../servers/server-process.ts';
import type { Row } from '../table.ts';
import { processorSecondsOf } from '../workplace.ts';
import { type BenchRun, scaled } from './bench-run.ts';

const PASSWORD = 'walnut carpet engine drizzle';
/** Each has ten recovery codes. */
const PEOPLE = 4;

interface Person {
  readonly name: string;
  readonly recoveryCodes: readonly string[];
}

/** A browser: it keeps the cookies that it was given last. */
class Visitor {
  // The certificate is the server's own, and only time is counted here.
  readonly #agent = new Agent({ rejectUnauthorized: false, keepAlive: true, maxSockets: 1 });
  readonly #origin: string;
  #cookies = new Map<string, string>();

  constructor(host: string) {
    this.#origin = `https://${host}`;
  }

  post(path: string, body: object): Promise<Record<string, unknown>> {
    const headers = {
      origin: this.#origin,
      'content-type': 'application/json',
      cookie: [...this.#cookies].map((pair) => pair.join('=')).join('; '),
    };
    return new Promise((resolve, reject) => {
      const options = { method: 'POST', agent: this.#agent, headers };
      const call = request(`${this.#origin}/api/v1${path}`, options, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        answer.on('end', () => {
          for (const cookie of answer.headers['set-cookie'] ?? []) this.#keep(cookie);
          if (answer.statusCode === 200) resolve(JSON.parse(text) as Record<string, unknown>);
          else reject(new Error(`${path} was answered with ${answer.statusCode}: ${text}`));
        });
      });
      call.on('error', reject);
      call.end(JSON.stringify(body));
    });
  }

  close(): void {
    this.#agent.destroy();
  }

  #keep(cookie: string): void {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
    this.#cookies.set(name, value);
  }
}

export async function measureSignIn(run: BenchRun, server: ServerProcess): Promise<Row> {
  run.say('P15: sign-ins');
  const visitor = new Visitor(server.console);
  const people: Person[] = [];
  for (let at = 0; at < scaled(run, PEOPLE); at += 1)
    people.push(await setUp(server, visitor, `person ${at}`));
  const before = processorSecondsOf(server.process);
  let signIns = 0;
  for (const { name, recoveryCodes } of people)
    for (const recoveryCode of recoveryCodes) {
      await visitor.post('/sign-in/password', { name, password: PASSWORD });
      await visitor.post('/sign-in/code', { recoveryCode });
      signIns += 1;
    }
  const seconds = processorSecondsOf(server.process) - before;
  visitor.close();
  return {
    id: 'P15',
    what: 'processor time of a sign-in',
    unit: 'ms',
    ours: (seconds / signIns) * 1000,
    reference: { name: 'argon2id alone', figure: await stretchingMs(signIns) },
    goal: { sense: 'most', whole: 1.1, half: 1.5, of: 'ratio' },
    notes: [`${signIns} sign-ins, one after another`],
  };
}

async function setUp(server: ServerProcess, visitor: Visitor, name: string): Promise<Person> {
  const { setupUrl } = await server.people('addPerson', { name });
  const token = new URL(setupUrl!).hash.slice(1);
  const { secret } = await visitor.post('/set-up/password', { token, password: PASSWORD });
  const code = new TOTP({ secret: secret as string }).generate();
  const { recoveryCodes } = await visitor.post('/set-up/code', { token, code });
  return { name, recoveryCodes: recoveryCodes as readonly string[] };
}

/** Of this process, which has the same work done by the same threads. */
async function stretchingMs(times: number): Promise<number> {
  const parameters = makePassphraseParameters((bytes) => randomBytes(bytes));
  const before = process.cpuUsage();
  for (let time = 0; time < times; time += 1) await stretchPassphrase(newPassword(PASSWORD), parameters);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / times;
}
