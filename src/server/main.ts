/** What the command line calls: a running server, and operations on a data directory on which no server runs. */
export { checkBackupFile, restoreServer, verifyOffline } from './offline.ts';
export { acceptRollback } from './accept-rollback.ts';
export { migrateServer } from './migrate.ts';
export { runServer } from './run-server.ts';
