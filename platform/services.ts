import { httpUrls } from './config.ts';

// Apart from what runs them: whoever only asks services needs nothing of Temporal's worker, which is 30 MB.

export const SERVICES = [
  'user',
  'product',
  'inventory',
  'order',
  'payment',
  'shipping',
  'cart',
  'notification',
  'recommendation',
  'webhook',
] as const;
export type ServiceName = (typeof SERVICES)[number];

/** Where each service's door is unless its `<NAME>_PORT` says otherwise. */
export const DOOR_PORTS: Readonly<Record<ServiceName, number>> = {
  user: 4101,
  product: 4102,
  inventory: 4103,
  order: 4104,
  payment: 4105,
  shipping: 4106,
  cart: 4107,
  notification: 4108,
  recommendation: 4109,
  webhook: 4110,
};

/** The setting `<NAME>_URL`: one or more addresses of a service's doors; requests go to them in turn. */
export const doorsOf = (service: ServiceName) => httpUrls(`http://127.0.0.1:${DOOR_PORTS[service]}`);
