/** `keystair server recipient`: the recipient to which an export for this server alone is sealed, in full, for a pipe. */
import { command } from '../command.ts';
import { flag } from '../options.ts';
import { ADDRESSED_SERVER } from '../words.ts';

export const recipient = command({
  summary: 'print the recipient for export files that only this server opens',
  positionals: {},
  options: {
    ...ADDRESSED_SERVER,
    x25519: flag('the X25519 one, which older tools support, instead of the post-quantum one'),
  },
  example: '--data /var/lib/keystair',
  run: async (context, _values, { data: address, x25519 }) => {
    const client = await context.connect(address);
    const { recipients } = await client('serverStatus', {});
    return { document: { recipients }, lines: recipients.slice(x25519 ? 1 : 0).slice(0, 1) };
  },
});
