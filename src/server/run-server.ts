/**
 * Wires the server to real disk, clock and network, and runs its states. A new server is made; a server that exists
 * opens without a person or waits sealed for one. Then it serves until it is stopped.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { createKeyFile, readKeyFile } from '#crypto/seal/key-file.ts';
import { codeOf } from '#domain/errors.ts';
import type { ServerName } from '#domain/server-name.ts';
import type { ServerLife, ServerOptions } from '#protocol/server-program.ts';
import { defaultName, readConfig, type ServerConfig } from './config.ts';
import { ConsoleDoor } from './console-door.ts';
import type { Timers } from './environment/environment.ts';
import { createLocalSocket } from './http/people/local-socket.ts';
import { openStore } from './open-store.ts';
import { createLog, endProcess, logTrouble } from './process-log.ts';
import { waitSealed } from './sealed-server.ts';
import { readDataKeys } from './seals/seal-rows.ts';
import { type ServingPorts, serve } from './serving.ts';
import { createRepository, isNew, openedRepository, type Repository } from './start/create-repository.ts';
import { openAtStart, type SealedServer, unverifiedName } from './start/open-at-start.ts';

const clock = (): number => Date.now();
const random = (bytes: number): Uint8Array => randomBytes(bytes);
const timers: Timers = {
  after(ms, call) {
    const timer = setTimeout(call, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
/** Runs until `stop` is aborted and everything is drained. */
export async function runServer(options: ServerOptions, life: ServerLife): Promise<void> {
  const config = readConfig(options);
  const log = createLog(config.logLevel);
  const store = await openStore(config, { random, onFatal: endProcess(log), onTrouble: logTrouble(log) });
  const socket = createLocalSocket(config.dataDirectory, log);
  const door = new ConsoleDoor({ config, log, clock, timers, random });
  const ports: ServingPorts = { config, log, store, socket, door, clock, timers, random };
  const { stop, onSetUpLink } = life;
  const onReady = (server: ServerName, listen: string): void =>
    life.onReady({ event: 'ready', server, listen, console: door.url });
  try {
    const made = (await isNew(store.reader)) ? await makeNew(ports) : undefined;
    if (made !== undefined) {
      await serve(ports, made, { stop, onSetUpLink, onReady });
    } else {
      const start = await openAtStart(store.reader, await readDataKeys(store.reader), config);
      if ('opened' in start) {
        const repository = await openedRepository(ports, start.opened, config.name);
        await serve(ports, repository, { stop, onSetUpLink, onReady });
      } else await serveWhenUnsealed(ports, start.sealed, life);
    }
  } finally {
    await door.close();
    await socket.close();
    await store.close();
  }
  log.info({ event: 'stopped' }, 'the server stopped');
}

/** Undefined where another process of this server was first: then the key file is that one's, and ours opens nothing. */
async function makeNew(ports: ServingPorts): Promise<Repository | undefined> {
  const { config } = ports;
  const hadKeyFile = existsSync(config.rootKeyFile);
  try {
    return await createRepository(ports, keyFileOfNew(config), config.name ?? defaultName());
  } catch (error) {
    if (codeOf(error) !== 'already-exists') throw error;
    if (!hadKeyFile) rmSync(config.rootKeyFile, { force: true });
    return undefined;
  }
}

/** An existing key file is left from a start that broke off, or was put there on purpose. */
function keyFileOfNew({ rootKeyFile }: ServerConfig): Uint8Array {
  return existsSync(rootKeyFile) ? readKeyFile(rootKeyFile) : createKeyFile(rootKeyFile, random);
}

async function serveWhenUnsealed(
  ports: ServingPorts,
  sealed: SealedServer,
  { stop, onReady, onSetUpLink }: ServerLife,
): Promise<void> {
  const { config, store, door } = ports;
  const serving = Promise.withResolvers<ServerName>();
  // Nobody waits for it if the server is stopped while it is sealed.
  serving.promise.catch(() => undefined);
  const server = await unverifiedName(store.reader);
  const onSealed = (): void =>
    onReady({ event: 'ready', server, listen: null, console: door.url, sealed: true });
  const unsealed = await waitSealed({ ...ports, sealed, server, stop, onSealed, serving: serving.promise });
  if (unsealed === undefined) return;
  try {
    const { opened, by, refused } = unsealed;
    const repository = await openedRepository(ports, opened, config.name);
    const { id: seal, kind } = opened.seal;
    await repository.audit.record({
      event: 'server-unsealed',
      by: by.name,
      seal,
      kind,
      refusedBefore: refused,
    });
    await serve(ports, repository, {
      stop,
      onSetUpLink,
      onReady: (served, listen) => {
        onReady({ event: 'unsealed', server: served, listen, console: door.url });
        serving.resolve(repository.server);
      },
    });
  } catch (error) {
    serving.reject(error);
    throw error;
  }
}
