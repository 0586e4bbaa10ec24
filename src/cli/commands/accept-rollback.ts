/** `keystair server accept-rollback`: takes a database with an older past for the true one. */
import { command } from '../command.ts';
import { required, text } from '../options.ts';

export const acceptRollback = command({
  summary: 'take a PostgreSQL database that lost acknowledged commits for the true one, after a failover',
  positionals: {},
  options: { data: required(text('DIR', 'the data directory of the server that refuses the database')) },
  example: '--data /var/lib/keystair',
  run: async (context, _values, { data }) => {
    const program = await context.serverProgram();
    const { seen, found } = await program.acceptRollback(data);
    const what =
      seen.system === found.system
        ? `timeline ${found.timeline}, where ${seen.timeline} was seen`
        : `the instance ${found.system}, where ${seen.system} was seen`;
    return {
      document: { seen, found },
      lines: [`The server of ${data} takes the database for the true one: ${what}.`],
      messages: [
        'A running server goes on at its next try; otherwise start it. It records this in the audit log, and begins a new epoch where something is missing.',
      ],
    };
  },
});
