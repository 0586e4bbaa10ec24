/** What the command line calls: a server that runs, and what is done with a data directory on which none runs. */
export { checkBackupFile, restoreServer, verifyOffline } from './offline.ts';
export { runServer } from './run-server.ts';
