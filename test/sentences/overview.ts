/** What `keystair` alone says of this machine, and what to do next. */
export const OVERVIEW = {
  everyStart: /keystair server start --data [^]*keystair agent enrol FILE [^]*npm start/,
  noDirectory: /no data directory [^]*keystair server start --data /,
  noneYet: /holds none yet[^]*server start/,
  running: /The server Oslo runs [^]*0 keys[^]*Next: keystair /,
  stopped: /No server runs [^]*keystair server start --data /,
  silent: /does not answer/,
  enrolled: /device Laptop is enrolled with the server Lyon/,
  enrol: /keystair agent enrol FILE/,
  problemAtHeartbeat: /problem at its last heartbeat: [^]*Next: keystair agent heartbeat/,
  next: /Next: /,
} as const;
