import type { Cart } from '../../activities/cart.ts';
import type { ClientWithSecret } from '../../activities/client.ts';
import type { AdjustStock, Stock } from '../../activities/inventory.ts';
import type { Intervention } from '../../activities/order-intervention.ts';
import type { Backlog, Order } from '../../activities/order.ts';
import type { ListedParcel } from '../../activities/parcel.ts';
import type { OrderNote } from '../../activities/order-note.ts';
import type { PlaceOrder } from '../../activities/order-placing.ts';
import type { Contact } from '../../activities/order-search.ts';
import type { SalesReport } from '../../activities/sales-report.ts';
import type { Product, ProductRequests } from '../../activities/product.ts';
import type { RecommendationRequests } from '../../activities/recommendation.ts';
import type { Refund } from '../../activities/refund.ts';
import type { Return } from '../../activities/return.ts';
import type { PaymentRequests, ReceivedEvent, SavedPaymentMethod } from '../../activities/payment.ts';
import type { ShippingRequests } from '../../activities/shipping.ts';
import type { User, UserRequests } from '../../activities/user.ts';
import type { ServiceClients, Subscribers } from '../../gateway/upstream/service-clients.ts';
import { ServiceFault } from '../../platform/http/client.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import { NOW, userOf } from './gateway-builders.ts';
import { fakeCarts } from './fake-carts.ts';
import { FakeEvents } from './fake-events.ts';
import { fakeOrders } from './fake-orders.ts';
import { fakeInventory } from './fake-inventory.ts';
import { findOrRefuse } from './find-or-refuse.ts';
import { fakeClients } from './fake-clients.ts';
import { type FakeGuests, fakeGuests } from './fake-guests.ts';
import { type FakeLinks, fakeLinks } from './fake-links.ts';
import { type FakeSessions, fakeSessions } from './fake-sessions.ts';
import { type FakeWebhooks, fakeWebhooks } from './fake-webhooks.ts';

/** The services in memory. They implement the contracts' interfaces, and tests can make them fail. */
export interface FakeServices extends ServiceClients {
  /** Services that are unavailable. */
  down: Set<keyof ServiceClients>;
  /** The name of every call, such as `orders.placeOrder`. */
  calls: string[];
  /** Runs before a call with this name is carried out. */
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
  drafts: Map<string, PlaceOrder>;
  returns: Map<string, Return>;
  refunds: Map<string, Refund>;
  interventions: Map<string, Intervention>;
  notes: Map<string, OrderNote>;
  /** By their ids. */
  parcels: Map<string, ListedParcel>;
  /** By customer. */
  contacts: Map<string, Contact>;
  salesReport: SalesReport;
  shipments: Map<string, string>;
  /** Ids of parcels that are not the first of their orders, by tracking number. */
  parcelIds: Map<string, string>;
  /** What the card processors' events mean, by their body; those with a signature that begins with 00 are refused. */
  processorEvents: Map<string, ReceivedEvent>;
  /** The signatures of all events that were passed on. */
  receivedEvents: string[];
  /** By user. */
  savedMethods: Map<string, SavedPaymentMethod[]>;
  /** By customer. */
  carts: Map<string, Cart>;
  /** The recommendations for everybody, best first. */
  recommended: string[];
  webhooks: FakeWebhooks;
  /** Tracking numbers of canceled shipments. */
  canceledParcels: Set<string>;
  /** The changes of an order when it is decided. */
  decided: Partial<Order>;
  backlog: Backlog;
  links: FakeLinks;
  guests: FakeGuests;
  /** The requests of all list operations. */
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
    refunds: new Map(),
    interventions: new Map(),
    notes: new Map(),
    parcels: new Map(),
    contacts: new Map(),
    salesReport: { rows: [], totals: [] },
    shipments: new Map(),
    parcelIds: new Map(),
    processorEvents: new Map(),
    receivedEvents: [],
    savedMethods: new Map(),
    carts: new Map(),
    webhooks: { endpoints: new Map(), deliveries: new Map() },
    recommended: [],
    canceledParcels: new Set(),
    decided: {},
    backlog: { undecided: 0, decidedPerSecond: 0 },
    links: { requested: [], tokens: new Map() },
    guests: { known: new Map(), links: new Map() },
    listed: [],
  };
  const controls = {
    down: new Set<keyof ServiceClients>(),
    calls: [] as string[],
    before: new Map<string, () => void>(),
  };
  const events = new FakeEvents();
  const services: ServiceClients = {
    users: fakeUsers(store),
    products: fakeProducts(store),
    inventory: fakeInventory(store),
    orders: { ...fakeOrders(store), ...events.orderHistories },
    payments: fakePayments(store),
    shipping: fakeShipping(store),
    carts: fakeCarts(store),
    notifications: events.notifications,
    webhooks: fakeWebhooks(store.webhooks),
    recommendations: fakeRecommendations(store),
  };
  const controlled = Object.entries(services).map(([name, requests]) => [
    name,
    control(name as keyof ServiceClients, requests, controls),
  ]);
  return {
    ...(Object.fromEntries(controlled) as ServiceClients),
    ...controls,
    store,
    events,
    subscribers: events.subscribers,
  };
}

function control<Requests extends object>(
  service: keyof ServiceClients,
  requests: Requests,
  { down, calls, before }: Pick<FakeServices, 'down' | 'calls' | 'before'>,
): Requests {
  const entries = Object.entries(requests).map(
    ([name, operation]: [string, (request: unknown) => Promise<unknown>]) => [
      name,
      async (request: unknown) => {
        calls.push(`${service}.${name}`);
        await before.get(`${service}.${name}`)?.();
        if (down.has(service)) throw new ServiceFault(service, name, new Error('connection refused'));
        return operation(request);
      },
    ],
  );
  return Object.fromEntries(entries) as Requests;
}

const fakeUsers = ({ users, sessions, clients, links, guests, listed }: Store): UserRequests => ({
  ...fakeSessions(users, sessions),
  ...fakeClients(clients, sessions),
  ...fakeLinks(users, links),
  ...fakeGuests(guests),
  async register({ email, password, name }) {
    if ([...users.values()].some((user) => user.email === email)) throw new Refusal('EmailTaken', 'this is taken');
    const user = userOf({ email, name });
    users.set(user.id, { ...user, password });
    return user;
  },
  async ensureUser({ userId, name, email = 'none@unknown.invalid', role }) {
    const user = users.get(userId) ?? userOf({ id: userId, email, name });
    users.set(userId, { password: '', ...user, role });
    return users.get(userId)!;
  },
  getUser: async ({ userId }) => findOrRefuse(users, userId, 'UserNotFound'),
  async updateUser({ userId, expectedVersion, name, shippingAddress }) {
    const user = findOrRefuse(users, userId, 'UserNotFound');
    if (expectedVersion !== undefined && expectedVersion !== user.version) throw new Refusal('VersionConflict', 'lost');
    Object.assign(user, { version: user.version + 1 }, name && { name }, shippingAddress && { shippingAddress });
    return user;
  },
  async listUsers(request) {
    listed.push(request);
    if (request.after === 'bad') throw new Refusal('BadCursor', 'not a cursor of this list');
    const items = [...users.values()];
    return { items: items.slice(0, request.limit), next: items.length > request.limit ? 'c-2' : null };
  },
  async changeAccess({ userId, role, active, changedBy, expectedVersion }) {
    const user = findOrRefuse(users, userId, 'UserNotFound');
    if (expectedVersion !== undefined && expectedVersion !== user.version) throw new Refusal('VersionConflict', 'lost');
    if (userId === changedBy) throw new Refusal('OwnAccess', 'your own');
    return Object.assign(user, { version: user.version + 1 }, role && { role }, active !== undefined && { active });
  },
});

const fakeProducts = ({ products, listed }: Store): ProductRequests => ({
  async listProducts(request) {
    listed.push(request);
    if (request.after === 'bad') throw new Refusal('BadCursor', 'not a cursor of this list');
    const items = [...products.values()].filter(({ sold }) => sold);
    return { items: items.slice(0, request.limit), next: items.length > request.limit ? 'c-2' : null };
  },
  getProduct: async ({ sku }) => findOrRefuse(products, sku, 'ProductNotFound'),
  getProducts: async ({ skus }) => ({ items: [...products.values()].filter(({ sku }) => skus.includes(sku)) }),
  async createProduct({ sku, name, description = '', price }) {
    if (products.has(sku)) throw new Refusal('SkuTaken', 'this SKU exists already');
    const product = { sku, name, description, price, sold: true, version: 1, createdAt: NOW, updatedAt: NOW };
    products.set(sku, product);
    return product;
  },
  async updateProduct({ sku, expectedVersion, ...change }) {
    const product = findOrRefuse(products, sku, 'ProductNotFound');
    if (expectedVersion !== undefined && expectedVersion !== product.version) {
      throw new Refusal('VersionConflict', 'changed meanwhile');
    }
    Object.assign(product, change, { version: product.version + 1 });
    return product;
  },
});

const fakeRecommendations = ({ recommended }: Store): RecommendationRequests => ({
  recommendForProduct: async ({ sku, limit }) => ({ skus: recommended.filter((one) => one !== sku).slice(0, limit) }),
  recommendForCustomer: async ({ limit }) => ({ skus: recommended.slice(0, limit) }),
});

const fakePayments = ({ processorEvents, receivedEvents, savedMethods }: Store): PaymentRequests => ({
  async receiveEvent({ payload, signature }) {
    receivedEvents.push(signature);
    if (signature.includes('v1=00')) throw new Refusal('InvalidSignature', 'the signature is wrong');
    return processorEvents.get(payload) ?? { meaning: 'nothing' };
  },
  async listPaymentMethods({ userId, limit }) {
    const items = savedMethods.get(userId) ?? [];
    return { items: items.slice(0, limit), next: items.length > limit ? 'c-2' : null };
  },
  async removePaymentMethod({ userId, id }) {
    const items = savedMethods.get(userId) ?? [];
    const kept = items.filter((one) => one.id !== id);
    if (kept.length === items.length) throw new Refusal('PaymentMethodNotFound', 'there is no such payment method');
    savedMethods.set(userId, kept);
  },
  listBooks: async () => ({ items: [], next: null }),
  checkBalances: async () => ({ discrepancies: [] }),
  readProcessorLedger: async () => ({ page: null }),
});

const fakeShipping = ({ shipments, parcelIds, canceledParcels }: Store): ShippingRequests => ({
  async recordMovement({ trackingNumber, type }) {
    const orderId = findOrRefuse(shipments, trackingNumber, 'ShipmentNotFound');
    const parcelId = parcelIds.get(trackingNumber) ?? orderId;
    return { orderId, parcelId, status: canceledParcels.has(trackingNumber) ? 'canceled' : type, trackingNumber };
  },
  listBooks: async () => ({ items: [], next: null }),
  readCarrierLedger: async () => ({ page: null }),
});
