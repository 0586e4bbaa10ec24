/**
 * A real agent, that is killed in the middle of encrypting files and formatting drives. What must hold: nothing is
 * encrypted with a key that is not in custody, and what a command said was done is there.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { readDrive } from '#agent/drives/read-drive.ts';
import { eventually } from '#test/support/eventually.ts';
import { runKeystair, startKeystair } from '#test/support/run-keystair.ts';
import type { CrashServer } from './crash-server.ts';
import type { Place } from './place.ts';
import { killGroup, type Workplace } from './workplace.ts';

const PLAIN = 'what is written in the file, and more of it; '.repeat(3000);
const DRIVE_BYTES = 20 * 1024 * 1024;
const PROBE_BYTES = 1024 * 1024;
/** Files that are opened again when the tree comes to rest. */
const FILES_OPENED = 3;

export type AgentWork = 'file' | 'drive';

/** A command under way. */
export interface AgentRun {
  /** SIGKILL to the agent, with the tools that it started or without them. Resolves when none of them runs. */
  kill(withTools: boolean): Promise<void>;
  /** What it made is as it must be, after a kill and whatever else happened. */
  check(): Promise<void>;
}

export class CrashAgent {
  readonly place: Place;
  readonly #workplace: Workplace;
  readonly #state: string;
  readonly #told = new Set<string>();
  #files: string[] = [];
  #works = 0;

  constructor(workplace: Workplace, place: Place) {
    this.#workplace = workplace;
    this.place = place;
    this.#state = join(place.path, 'state');
  }

  static async enrol(workplace: Workplace, place: Place, branch: CrashServer): Promise<CrashAgent> {
    const agent = new CrashAgent(workplace, place);
    const { invitation } = await branch.call('inviteDevice', {});
    await agent.#done(['enrol', '-', '--name', 'laptop'], invitation);
    agent.#prepare('plain', (file) => writeFileSync(file, PLAIN));
    return agent;
  }

  /** Ids of keys that came into custody since this was asked last. */
  custody(): string[] {
    const ids = this.#keysIn('made').filter((id) => !this.#told.has(id));
    for (const id of ids) this.#told.add(id);
    return ids;
  }

  start(work: AgentWork): AgentRun {
    this.#works += 1;
    return work === 'file'
      ? this.#encryptFile(`file-${this.#works}`)
      : this.#formatDrive(`drive-${this.#works}`);
  }

  /** Brings what is pending into custody. */
  async heartbeat(): Promise<void> {
    await this.#done(['heartbeat']);
    assert.deepEqual(this.#keysIn('pending'), [], 'a key that was made is not in custody after a heartbeat');
  }

  async opensItsFiles(): Promise<void> {
    for (const file of this.#files.slice(-FILES_OPENED)) await this.#opens(file);
  }

  #encryptFile(name: string): AgentRun {
    const out = join(this.place.path, `${name}.age`);
    const plain = join(this.place.path, 'plain');
    return this.#run(['encrypt-file', plain, out, '--new-identity'], async (done) => {
      if (!existsSync(out)) {
        assert.ok(!done, 'a file that was encrypted is not there');
        return;
      }
      const key = /^-> keystair (\S+) /m.exec(readFileSync(out, 'latin1'))?.[1];
      assert.ok(key !== undefined, 'a file has no stanza of ours');
      assert.ok(this.#keysIn('made').includes(key), 'a file was encrypted before its key was in custody');
      this.#files.push(out);
      await this.#opens(out);
    });
  }

  #formatDrive(name: string): AgentRun {
    const drive = join(this.place.path, `${name}.img`);
    this.#prepare(`${name}.img`, (file) => {
      const made = openSync(file, 'w');
      ftruncateSync(made, DRIVE_BYTES);
      closeSync(made);
    });
    const before = this.#keysIn('made');
    return this.#run(['format-drive', drive], async (done) => {
      const held = this.#keysIn('made').some((id) => !before.includes(id));
      assert.ok(held || isEmpty(drive), 'a drive was written to before its key was in custody');
      if (done) {
        const { tokens } = await readDrive(drive);
        assert.equal(tokens.length, 1, 'a drive that was formatted has no token');
        assert.ok(this.#keysIn('made').includes(tokens[0]!.keyId), 'the key of a drive is not in custody');
      }
      rmSync(drive);
    });
  }

  #run(args: readonly string[], check: (done: boolean) => Promise<void>): AgentRun {
    const started = startKeystair(['agent', ...args, '--state', this.#state, '--json'], { group: true });
    this.#workplace.keep(started, { group: true });
    const over = once(started, 'close');
    let said = '';
    started.stderr!.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
    return {
      kill: async (withTools) => {
        if (withTools) killGroup(started);
        else started.kill('SIGKILL');
        await over;
        await eventually('the tools of a killed agent end', () => groupIsOver(started.pid!));
      },
      check: async () => {
        assert.ok(started.exitCode === null || started.exitCode < 2, `the agent said: ${said}`);
        assert.doesNotMatch(said, /keystair: internal:/);
        await check(started.exitCode === 0);
      },
    };
  }

  async #opens(file: string): Promise<void> {
    const opened = `${file}.opened`;
    await this.#done(['decrypt-file', file, opened, '--force']);
    assert.equal(readFileSync(opened, 'utf8'), PLAIN, 'a file opened to other bytes');
    rmSync(opened);
  }

  async #done(args: readonly string[], stdin = ''): Promise<void> {
    const ran = await runKeystair(['agent', ...args, '--state', this.#state, '--json'], { stdin });
    assert.equal(ran.status, 0, ran.stderr);
  }

  /** Opens the state as the agent's next command would: what a kill left half done is undone. */
  #keysIn(custody: string): string[] {
    const database = new DatabaseSync(join(this.#state, 'agent.db'), { timeout: 10_000 });
    const rows = database.prepare('SELECT id FROM keys WHERE custody = ? ORDER BY id').all(custody);
    database.close();
    return rows.map((row) => String(row['id']));
  }

  /** What a person had on the disk long before. */
  #prepare(name: string, make: (file: string) => void): void {
    const file = join(this.place.path, name);
    make(file);
    for (const path of [file, this.place.path]) {
      const opened = openSync(path, 'r');
      fsyncSync(opened);
      closeSync(opened);
    }
  }
}

function isEmpty(drive: string): boolean {
  const bytes = Buffer.alloc(PROBE_BYTES);
  const file = openSync(drive, 'r');
  readSync(file, bytes, 0, bytes.length, 0);
  closeSync(file);
  return bytes.every((byte) => byte === 0);
}

function groupIsOver(leader: number): boolean {
  try {
    process.kill(-leader, 0);
    return false;
  } catch {
    return true;
  }
}
