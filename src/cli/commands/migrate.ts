/** `keystair server migrate`: moves a stopped server's repository into a PostgreSQL database. */
import { command } from '../command.ts';
import { required, text } from '../options.ts';
import { createProgress, inKeys } from '../progress.ts';
import { count } from '../words.ts';

const clock = (): number => performance.now();

export const migrate = command({
  summary: 'move the repository of a stopped server into a PostgreSQL database, completely or not at all',
  positionals: {},
  options: {
    data: required(text('DIR', 'the data directory; it keeps its key file')),
    to: required(text('URL', 'an empty database, as postgres://USER@HOST[,HOST…]/NAME')),
    config: text('FILE', 'a configuration file, which names the password file of the database'),
  },
  example: '--data /var/lib/keystair --to postgres://keystair@db1.example,db2.example/keystair',
  run: async (context, _values, { data, to, config }) => {
    const stop = context.stopSignal();
    const { migrateServer } = await context.serverProgram();
    const progress = createProgress(context.terminal, 'Moving', clock, inKeys);
    const report = await migrateServer(data, to, config, { onProgress: progress.at, stop }).finally(
      progress.end,
    );
    const { keys, audit } = report.tables;
    return {
      document: { ...report },
      lines: [
        `${count(keys?.rows ?? 0, 'key')} and ${count(audit?.rows ?? 0, 'line')} of the audit log are in the database ${report.to}.`,
        'All tables were read back and are the same, digest by digest.',
      ],
      messages: [
        `Next: keystair server start --data ${data} --database ${to}`,
        `No server starts on the repository in ${data} any more. Keep its key file: it opens the database.`,
      ],
    };
  },
});
