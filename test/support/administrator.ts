/** Callers with every right, for operations that are called without a listener. */
import { type Caller, requireRights, LOCAL_ADMINISTRATOR, RIGHTS } from '#domain/right.ts';

export function administratorNamed(name: string): Caller {
  return requireRights({ ...LOCAL_ADMINISTRATOR, name }, RIGHTS);
}

export const ADMINISTRATOR: Caller = administratorNamed(LOCAL_ADMINISTRATOR.name);
