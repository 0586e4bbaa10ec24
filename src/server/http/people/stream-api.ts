/** The calls whose bodies are files or events, and what each runs: one row for each route. */
import type { z } from 'zod';
import type { Caller } from '#domain/right.ts';
import type { PeopleAnswer, PeopleRoutes, StreamRouteName } from '#protocol/people/people-routes.ts';
import type { Changes } from '../../changes/changes.ts';
import type { Feed } from '../../environment/feed.ts';
import type { Jobs } from '../../jobs/jobs.ts';
import type { Backups } from '../../backup/backups.ts';
import type { Deliver } from '../../transfer/downloads.ts';
import type { Transfers } from '../../transfer/transfers.ts';

type Asked<N extends StreamRouteName> = z.output<PeopleRoutes[N]['request']>;

export type StreamApi = {
  readonly [N in StreamRouteName<'download'>]: (
    caller: Caller,
    request: Asked<N>,
    deliver: Deliver,
  ) => Promise<void>;
} & {
  readonly [N in StreamRouteName<'upload'>]: (
    caller: Caller,
    request: Asked<N>,
    file: AsyncIterable<Uint8Array>,
    gone: AbortSignal,
  ) => Promise<PeopleAnswer<N>>;
} & {
  readonly [N in StreamRouteName<'events'>]: (caller: Caller, request: Asked<N>) => Feed;
};

export interface StreamApiPorts {
  readonly jobs: Jobs;
  readonly changes: Changes;
  readonly transfers: Transfers;
  readonly backups: Backups;
}

export function createStreamApi({ transfers, backups, jobs, changes }: StreamApiPorts): StreamApi {
  return {
    downloadExport: (caller, { id }, deliver) => transfers.exports.download(caller, id, deliver),
    downloadBackup: (caller, { id }, deliver) => backups.download(caller, id, deliver),
    uploadImport: (caller, { id }, file, gone) => transfers.imports.upload(caller, id, file, gone),
    watchJob: (caller, { id }) => jobs.watch(caller, id),
    watchChanges: () => changes,
  };
}
