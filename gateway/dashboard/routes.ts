import { z } from 'zod';
import type { OrderRequests } from '../../activities/order.ts';
import type { UserRequests } from '../../activities/user.ts';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import type { Logger } from '../../platform/telemetry/logger.ts';
import { orderLinks, productLinks } from '../openapi/links.ts';
import { OrderView, viewOf } from '../orders/view.ts';
import { withFallback } from '../with-fallback.ts';
import { ProductView } from '../catalogue/view.ts';
import { Profile, profileOf } from '../auth/view.ts';
import type { Recommending } from '../catalogue/recommendations.ts';

const RECENT = 5;
// What a person waits for a page without wondering. Recommendations are worth less of it than one's own affairs.
const PATIENCE_MS = { user: 2_000, recentOrders: 2_000, recommendations: 1_500 };

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
  recommend: Recommending;
  logger: Logger;
}

/** The first page of somebody who has signed in: three parts side by side, of which none holds up the others for long. */
export function dashboardRoutes({ users, orders, recommend, logger }: DashboardDependencies): AnyRoute[] {
  const part = async <Answer>(
    name: keyof typeof PATIENCE_MS,
    answer: Promise<Answer>,
  ): Promise<Answer | Unavailable> => {
    answer.catch((error: unknown) => logger.warn('a part of the dashboard is unavailable', { part: name, error }));
    return withFallback(answer, { instead: { unavailable: true }, patienceMs: PATIENCE_MS[name] });
  };

  return [
    route({
      method: 'get',
      path: '/v1/dashboard',
      operationId: 'readDashboard',
      summary: 'Your profile, your five latest orders and what may interest you',
      tag: 'users',
      access: 'user',
      responses: {
        200: {
          description: 'All parts; one that is down is marked',
          body: Dashboard,
          links: { ...orderLinks('/recentOrders/0/id'), ...productLinks('/recommendations/0/sku') },
        },
      },
      async handle({ caller }) {
        const { id } = caller!;
        const [user, recentOrders, recommendations] = await Promise.all([
          part('user', users.getUser({ userId: id }).then(profileOf)),
          part('recentOrders', recentOrdersOf(orders, id)),
          part('recommendations', recommend.forCustomer(id)),
        ]);
        return { status: 200, body: { user, recentOrders, recommendations } };
      },
    }),
  ];
}

async function recentOrdersOf(orders: OrderRequests, customerId: string): Promise<OrderView[]> {
  const { items } = await orders.listOrders({ customerId, limit: RECENT });
  return items.map((order) => viewOf(order));
}
