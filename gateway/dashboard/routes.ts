import { z } from 'zod';
import type { OrderRequests } from '../../activities/order.ts';
import type { UserRequests } from '../../activities/user.ts';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import type { Logger } from '../../platform/telemetry/logger.ts';
import { Profile, profileOf } from '../auth/view.ts';
import type { Recommender } from '../catalogue/recommendations.ts';
import { ProductView } from '../catalogue/view.ts';
import { orderLinks, productLinks } from '../openapi/links.ts';
import { OrderView, viewOf } from '../orders/view.ts';
import { withFallback } from '../upstream/with-fallback.ts';

const RECENT = 5;
// A person accepts this delay of a page. Recommendations are less important than the person's own data.
const TIMEOUTS_MS = { user: 2_000, recentOrders: 2_000, recommendations: 1_500 };

const Unavailable = z
  .strictObject({ unavailable: z.literal(true) })
  .meta({ id: 'Unavailable', examples: [{ unavailable: true }] });
type Unavailable = z.infer<typeof Unavailable>;
const Dashboard = z.object({
  user: z.union([Unavailable, Profile]),
  recentOrders: z.union([Unavailable, z.array(OrderView).max(RECENT)]),
  recommendations: z.union([Unavailable, z.array(ProductView).max(10)]),
});

export interface DashboardDependencies {
  users: UserRequests;
  orders: OrderRequests;
  recommend: Recommender;
  logger: Logger;
}

/** The first page after signing in: three parts that load concurrently and do not delay each other for long. */
export function dashboardRoutes({ users, orders, recommend, logger }: DashboardDependencies): AnyRoute[] {
  const partOf = async <Part>(name: keyof typeof TIMEOUTS_MS, part: Promise<Part>): Promise<Part | Unavailable> => {
    part.catch((error: unknown) => logger.warn('part of the dashboard unavailable', { part: name, error }));
    return withFallback(part, { fallback: { unavailable: true }, timeoutMs: TIMEOUTS_MS[name] });
  };

  return [
    route({
      method: 'get',
      path: '/v1/dashboard',
      operationId: 'readDashboard',
      summary: 'Read your profile, your five latest orders and recommendations',
      tag: 'users',
      access: 'user',
      responses: {
        200: {
          description: 'All parts; an unavailable part is marked as such',
          body: Dashboard,
          links: { ...orderLinks('/recentOrders/0/id'), ...productLinks('/recommendations/0/sku') },
        },
      },
      async handle({ caller }) {
        const { id } = caller!;
        const [user, recentOrders, recommendations] = await Promise.all([
          partOf('user', users.getUser({ userId: id }).then(profileOf)),
          partOf('recentOrders', recentOrdersOf(orders, id)),
          partOf('recommendations', recommend.forCustomer(id)),
        ]);
        return { status: 200, body: { user, recentOrders, recommendations } };
      },
    }),
  ];
}

async function recentOrdersOf(orders: OrderRequests, customerId: string): Promise<OrderView[]> {
  const { items } = await orders.listOrders({ customerId, limit: RECENT });
  return items.map((order) => viewOf(order, { id: customerId }));
}
