/** The roles of this server, asked for once by all who show them. */
import { queryOptions } from '@tanstack/react-query';
import { call } from '../../api/call.ts';

export const rolesQuery = queryOptions({
  queryKey: ['roles'],
  queryFn: ({ signal }) => call('listRoles', {}, { signal }),
});
