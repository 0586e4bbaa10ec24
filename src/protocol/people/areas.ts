/** The functional areas in which rights are given, and which rights each has: for a surface that lets people choose. */
import { RIGHTS, type RequiredRight } from '#domain/right.ts';

export type Area = RequiredRight['area'];

export interface AreaOfRights {
  readonly area: Area;
  readonly rights: readonly RequiredRight['right'][];
}

export const AREAS: readonly AreaOfRights[] = [...new Set(RIGHTS.map(({ area }) => area))].map((area) => ({
  area,
  rights: RIGHTS.filter((one) => one.area === area).map(({ right }) => right),
}));
