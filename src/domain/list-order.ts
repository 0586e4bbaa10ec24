/** The orders in which lists come. The first of each is meant where none is given. */

/** Of what has a number or a time. */
export const AGES = ['oldest', 'newest'] as const;

/** Of what has a name. */
const NAME_ORDERS = ['a-z', 'z-a'] as const;

/** Those never heard have been silent longest. */
export const DEVICE_ORDERS = [...NAME_ORDERS, 'longest-silent', 'last-heard'] as const;
export type DeviceOrder = (typeof DEVICE_ORDERS)[number];
