import type { AnyRoute, Caller, StaffRole } from '../../platform/http/route.ts';

/** The roles whose permissions each role has. */
const INCLUDED: Readonly<Record<Caller['role'], readonly StaffRole[]>> = {
  customer: [],
  guest: [],
  viewer: ['viewer'],
  support: ['support', 'viewer'],
  fulfilment: ['fulfilment', 'viewer'],
  admin: ['admin', 'support', 'fulfilment', 'viewer'],
};

type StaffOfRoute = Pick<AnyRoute, 'access' | 'staff'>;

/** Whether staff use the route for the shop, rather than as customers of it. */
export const isForStaff = ({ access, staff }: StaffOfRoute): boolean => access === 'staff' || staff !== undefined;

/** Whether the caller acts for the shop by this route. An API client's scopes have been checked. */
export const actsAsStaff = ({ role, scopes }: Pick<Caller, 'role' | 'scopes'>, route: StaffOfRoute): boolean =>
  isForStaff(route) && (scopes !== undefined || rolesFor(route).includes(role as StaffRole));

/** The roles that may use the route for the shop, `admin` last. */
export const rolesFor = ({ staff = [] }: StaffOfRoute): StaffRole[] =>
  (['viewer', 'support', 'fulfilment', 'admin'] as const).filter((role) =>
    [...staff, 'admin' as const].some((one) => INCLUDED[role].includes(one)),
  );
