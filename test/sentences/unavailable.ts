/** Why a key cannot be had, as people read it at the device and in `keys explain`: which server, which link, who was asked. */
export const UNAVAILABLE = {
  wrongClaim: /claim does not fit/,
  offAtOslo: /is off at Oslo/,
  offAtOsloWithStep:
    /is off at Oslo \(asked: Oslo\)[^]*run `keystair server settings --use-hierarchy on` at Oslo/,
  offAtNorth: /is off at North \(asked: Oslo\)/,
  offAtGeneva: /is off at Geneva \(asked: Oslo, then North\)[^]* at Geneva/,
  dmzOfOutpost: /the link between Outpost and its primary is marked DMZ, and no key crosses it/,
  dmzOfOslo: /the link between Oslo and its primary is marked DMZ/,
  dmzOfNorth: /the link between North and its primary is marked DMZ[^]*\(asked: Oslo, then North/,
  osloCannotReach: /Oslo cannot reach its primary, not heard since \d{4}-\d\d-\d\dT[\d:.]+Z \(asked: Oslo\)/,
  northCannotReach: /North cannot reach its primary, not heard since/,
  middleCannotReach: /^Middle cannot reach its primary, not heard since /,
  belowCannotReach: /Below cannot reach its primary, not heard since \d{4}-/,
  neverHeard: /cannot reach its primary, which was never heard/,
  nobodyHasIt: /no server on the way has this key \(asked: Oslo, then North, then Geneva\)/,
  wrongClaimAtGeneva:
    /Geneva has this key, but the claim does not fit it \(asked: Oslo, then North, then Geneva\)/,
  wrongClaimAtOslo: /Oslo has this key, but the claim does not fit it/,
  refusedByThePrimary: /the primary of Oslo refuses it as a secondary/,
  byHand: /`keystair keys export`[^]*`keystair keys import`/,
} as const;
