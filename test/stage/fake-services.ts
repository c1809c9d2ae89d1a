import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Cart } from '../../activities/cart.ts';
import type { ClientWithSecret } from '../../activities/client.ts';
import type { AdjustStock, InventoryRequests, Stock } from '../../activities/inventory.ts';
import type { Backlog, DraftOrder, Intervention, Order, OrderRequests } from '../../activities/order.ts';
import type { Product, ProductRequests } from '../../activities/product.ts';
import type { RecommendationRequests } from '../../activities/recommendation.ts';
import type { Return } from '../../activities/return.ts';
import type { ShippingRequests } from '../../activities/shipping.ts';
import type { User, UserRequests } from '../../activities/user.ts';
import type { Services, Subscribers } from '../../gateway/service-clients.ts';
import { ServiceFault } from '../../platform/http/client.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import { NOW, orderOf, returnOf } from './gateway-builders.ts';
import { fakeCarts } from './fake-carts.ts';
import { FakeEvents } from './fake-events.ts';
import { fakeClients } from './fake-clients.ts';
import { type FakeSessions, fakeSessions } from './fake-sessions.ts';
import { type FakeWebhooks, fakeWebhooks } from './fake-webhooks.ts';

/** The services in memory: small, typed by the contracts, and as broken as a test wants them. */
export interface FakeServices extends Services {
  /** Services that do not answer. */
  down: Set<keyof Services>;
  /** Every question asked, as `orders.draftOrder`. */
  asked: string[];
  /** Runs before an answer is given, under the question's name. */
  before: Map<string, () => Promise<void> | void>;
  store: Store;
  events: FakeEvents;
  subscribers: Subscribers;
}

export interface Store {
  users: Map<string, User & { password: string }>;
  sessions: FakeSessions;
  clients: Map<string, ClientWithSecret>;
  products: Map<string, Product>;
  stock: Map<string, Stock>;
  adjustments: AdjustStock[];
  orders: Map<string, Order>;
  drafts: Map<string, DraftOrder>;
  returns: Map<string, Return>;
  interventions: Map<string, Intervention>;
  shipments: Map<string, string>;
  /** By customer. */
  carts: Map<string, Cart>;
  /** What is recommended to anybody, best first. */
  recommended: string[];
  webhooks: FakeWebhooks;
  /** Tracking numbers of which the books say that they go nowhere. */
  canceledParcels: Set<string>;
  /** What becomes of an order that is waited for. */
  decided: Partial<Order>;
  /** What the sagas have before them. */
  backlog: Backlog;
  /** What was asked of the lists. */
  listed: unknown[];
}

export function createFakeServices(): FakeServices {
  const store: Store = {
    users: new Map(),
    clients: new Map(),
    sessions: { open: new Map(), ended: [], waitSeconds: 0 },
    products: new Map(),
    stock: new Map(),
    adjustments: [],
    orders: new Map(),
    drafts: new Map(),
    returns: new Map(),
    interventions: new Map(),
    shipments: new Map(),
    carts: new Map(),
    webhooks: { endpoints: new Map(), deliveries: new Map() },
    recommended: [],
    canceledParcels: new Set(),
    decided: {},
    backlog: { undecided: 0, decidedPerSecond: 0 },
    listed: [],
  };
  const control = { down: new Set<keyof Services>(), asked: [] as string[], before: new Map<string, () => void>() };
  const events = new FakeEvents();
  const services: Services = {
    users: fakeUsers(store),
    products: fakeProducts(store),
    inventory: fakeInventory(store),
    orders: { ...fakeOrders(store), ...events.stories },
    shipping: fakeShipping(store),
    carts: fakeCarts(store),
    notifications: events.notifications,
    webhooks: fakeWebhooks(store.webhooks),
    recommendations: fakeRecommendations(store),
  };
  const watched = Object.entries(services).map(([name, face]) => [name, watch(name as keyof Services, face, control)]);
  return { ...(Object.fromEntries(watched) as Services), ...control, store, events, subscribers: events.subscribers };
}

function watch<Face extends object>(
  service: keyof Services,
  face: Face,
  { down, asked, before }: Pick<FakeServices, 'down' | 'asked' | 'before'>,
): Face {
  const entries = Object.entries(face).map(([name, answer]: [string, (request: unknown) => Promise<unknown>]) => [
    name,
    async (request: unknown) => {
      asked.push(`${service}.${name}`);
      await before.get(`${service}.${name}`)?.();
      if (down.has(service)) throw new ServiceFault(service, name, new Error('connection refused'));
      return answer(request);
    },
  ]);
  return Object.fromEntries(entries) as Face;
}

function found<Value>(map: Map<string, Value>, key: string, code: string): Value {
  const value = map.get(key);
  if (!value) throw new Refusal(code, `there is no ${key}`);
  return value;
}

const fakeUsers = ({ users, sessions, clients }: Store): UserRequests => ({
  ...fakeSessions(users, sessions),
  ...fakeClients(clients, sessions),
  async register({ email, password, name }) {
    if ([...users.values()].some((user) => user.email === email)) throw new Refusal('EmailTaken', 'this is taken');
    const user = { id: randomUUID(), email, name, role: 'customer', shippingAddress: null, version: 1 } as const;
    users.set(user.id, { ...user, createdAt: NOW, password });
    return { ...user, createdAt: NOW };
  },
  async ensureUser({ userId, name, email = 'none@unknown.invalid', role }) {
    const user = users.get(userId) ?? { id: userId, email, name, shippingAddress: null, version: 1, createdAt: NOW };
    users.set(userId, { password: '', ...user, role });
    return users.get(userId)!;
  },
  getUser: async ({ userId }) => found(users, userId, 'UserNotFound'),
  async updateUser({ userId, expectedVersion, name, shippingAddress }) {
    const user = found(users, userId, 'UserNotFound');
    if (expectedVersion !== undefined && expectedVersion !== user.version) throw new Refusal('VersionConflict', 'lost');
    Object.assign(user, { version: user.version + 1 }, name && { name }, shippingAddress && { shippingAddress });
    return user;
  },
});

const fakeProducts = ({ products, listed }: Store): ProductRequests => ({
  async listProducts(request) {
    listed.push(request);
    if (request.after === 'bad') throw new Refusal('BadCursor', 'not one of ours');
    const items = [...products.values()];
    return { items: items.slice(0, request.limit), next: items.length > request.limit ? 'c-2' : null };
  },
  getProduct: async ({ sku }) => found(products, sku, 'ProductNotFound'),
  getProducts: async ({ skus }) => ({ items: [...products.values()].filter(({ sku }) => skus.includes(sku)) }),
  async createProduct({ sku, name, description = '', price }) {
    if (products.has(sku)) throw new Refusal('SkuTaken', 'there is one already');
    const product = { sku, name, description, price, version: 1, createdAt: NOW, updatedAt: NOW };
    products.set(sku, product);
    return product;
  },
  async updateProduct({ sku, expectedVersion, ...change }) {
    const product = found(products, sku, 'ProductNotFound');
    if (expectedVersion !== undefined && expectedVersion !== product.version) {
      throw new Refusal('VersionConflict', 'somebody else was faster');
    }
    Object.assign(product, change, { version: product.version + 1 });
    return product;
  },
});

function fakeInventory({ stock, adjustments }: Store): InventoryRequests {
  const stockOf = (sku: string): Stock => stock.get(sku) ?? { sku, onHand: 0, reserved: 0, available: 0 };
  return {
    getStock: async ({ sku }) => stockOf(sku),
    getStocks: async ({ skus }) => ({ items: skus.map(stockOf) }),
    async adjustStock(request) {
      const before = stockOf(request.sku);
      if (adjustments.some(({ adjustmentId }) => adjustmentId === request.adjustmentId)) return before;
      const onHand = before.onHand + request.delta;
      if (onHand < before.reserved) throw new Refusal('InsufficientStock', 'more is reserved than would be left');
      adjustments.push(request);
      const after = { ...before, onHand, available: onHand - before.reserved };
      stock.set(request.sku, after);
      return after;
    },
    listBooks: async () => ({ items: [], next: null }),
    checkBalances: async () => ({ discrepancies: [] }),
  };
}

/** Prices are those of the first asking, and not compared. */
const wished = ({ lines, total: _total, ...rest }: DraftOrder) => ({
  ...rest,
  lines: lines.map(({ sku, quantity }) => ({ sku, quantity })),
});

function fakeOrders(store: Store): Omit<OrderRequests, 'followMoves' | 'followStory'> {
  const { orders, drafts, returns, interventions, listed } = store;
  const recorded = new Set<string>();
  return {
    async draftOrder(draft) {
      const { orderId, paymentMethod: _paymentMethod, ...kept } = draft;
      const earlier = drafts.get(orderId);
      if (earlier && !isDeepStrictEqual(wished(earlier), wished(draft)))
        throw new Refusal('OrderDiffers', 'another order has this id');
      drafts.set(orderId, draft);
      const order = orders.get(orderId) ?? orderOf({ ...kept, id: orderId });
      orders.set(orderId, order);
      return { order, recorded: recorded.has(orderId), lane: 'local-first' };
    },
    getOrder: async ({ orderId }) => found(orders, orderId, 'OrderNotFound'),
    getOrders: async ({ orderIds }) => ({ items: orderIds.flatMap((orderId) => orders.get(orderId) ?? []) }),
    async awaitOrder({ orderId }) {
      recorded.add(orderId);
      const order = { ...found(orders, orderId, 'OrderNotFound'), ...store.decided };
      orders.set(orderId, order);
      return order;
    },
    async listOrders(request) {
      listed.push(request);
      if (request.after === 'bad') throw new Refusal('BadCursor', 'not one of ours');
      const { customerId } = request;
      const items = [...orders.values()].filter((order) => !customerId || order.customerId === customerId);
      return { items: items.slice(0, request.limit), next: items.length > request.limit ? 'c-2' : null };
    },
    async getHistory({ orderId }) {
      found(orders, orderId, 'OrderNotFound');
      return { items: [{ at: NOW, step: 'record', outcome: 'succeeded', attempt: 1 }] };
    },
    async listInterventions(request) {
      listed.push(request);
      return { items: [...interventions.values()], next: null };
    },
    getIntervention: async ({ interventionId }) => found(interventions, interventionId, 'InterventionNotFound'),
    async draftReturn({ returnId, orderId, lines, reason }) {
      const order = found(orders, orderId, 'OrderNotFound');
      const earlier = returns.get(returnId);
      if (earlier) return earlier;
      if (order.fulfillmentStatus !== 'delivered') throw new Refusal('NotReturnable', 'it is not delivered');
      const kept = returnOf({ id: returnId, orderId, customerId: order.customerId, lines, reason });
      returns.set(returnId, kept);
      return kept;
    },
    getReturn: async ({ returnId }) => found(returns, returnId, 'ReturnNotFound'),
    listReturns: async ({ orderId }) => ({ items: [...returns.values()].filter((kept) => kept.orderId === orderId) }),
    listBooks: async () => ({ items: [], next: null }),
    getBacklog: async () => store.backlog,
  };
}

const fakeRecommendations = ({ recommended }: Store): RecommendationRequests => ({
  recommendForProduct: async ({ sku, limit }) => ({ skus: recommended.filter((one) => one !== sku).slice(0, limit) }),
  recommendForCustomer: async ({ limit }) => ({ skus: recommended.slice(0, limit) }),
});

const fakeShipping = ({ shipments, canceledParcels }: Store): ShippingRequests => ({
  async recordMovement({ trackingNumber, type }) {
    const orderId = found(shipments, trackingNumber, 'ShipmentNotFound');
    return { orderId, status: canceledParcels.has(trackingNumber) ? 'canceled' : type, trackingNumber };
  },
  listBooks: async () => ({ items: [], next: null }),
});
