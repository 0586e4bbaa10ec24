/** A server as messages and people name it. */
export interface ServerName {
  readonly id: string;
  readonly name: string;
}
