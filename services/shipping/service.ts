import { shippingActivities, shippingRequests } from '../../activities/shipping.ts';
import { httpUrl } from '../../platform/config.ts';
import { type Service, defineService } from '../../platform/service.ts';
import { REGISTRY } from '../registry.ts';
import { createShippingActivities } from './activities.ts';
import type { ShippingDatabase } from './database.ts';
import { createShippingRequests } from './requests.ts';
import { createSandboxCarrier } from './sandbox-carrier.ts';

const settings = { CARRIER_URL: httpUrl.default('http://127.0.0.1:4020') };

/** Books, cancels and tracks parcels with the carrier. */
export const shipping: Service = defineService<ShippingDatabase, typeof settings>(REGISTRY, {
  name: 'shipping',
  settings,
  create({ db, config }) {
    const carrier = createSandboxCarrier(config.CARRIER_URL);
    return {
      requests: { operations: shippingRequests, implementation: createShippingRequests(db, carrier) },
      activities: { operations: shippingActivities, implementation: createShippingActivities(db, carrier) },
    };
  },
});
