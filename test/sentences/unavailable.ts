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
  osloCannotReach: /Oslo cannot reach its primary, last contact at \d{4}-\d\d-\d\dT[\d:.]+Z \(asked: Oslo\)/,
  northCannotReach: /North cannot reach its primary, last contact at/,
  middleCannotReach: /^Middle cannot reach its primary, last contact at /,
  belowCannotReach: /Below cannot reach its primary, last contact at \d{4}-/,
  neverHeard: /cannot reach its primary and never has/,
  nobodyHasIt: /no server up to the root has this key \(asked: Oslo, then North, then Geneva\)/,
  wrongClaimAtGeneva:
    /Geneva has this key, but the claim does not fit it \(asked: Oslo, then North, then Geneva\)/,
  wrongClaimAbove: /^Above has this key, but the claim does not fit it/,
  offAboveOrBelow: /is off at (Above|Below)/,
  dmz: /marked DMZ/,
  wrongClaimAtOslo: /Oslo has this key, but the claim does not fit it/,
  refusedByThePrimary: /the primary of Oslo refuses it as a secondary/,
  lastContact: /last contact at \S+/,
  byHand: /`keystair keys export`[^]*`keystair keys import`/,
} as const;
