import { productRequests } from '../../activities/product.ts';
import { postgresUrl } from '../../platform/config.ts';
import { type Service, defineService } from '../../platform/service.ts';
import { REGISTRY } from '../registry.ts';
import { createProductCache } from './cache.ts';
import { followChanges } from './changes.ts';
import type { ProductDatabase } from './database.ts';
import { createProductRequests } from './requests.ts';

const settings = { PRODUCT_DATABASE_URL: postgresUrl };

/** The products that the shop sells, with their prices. */
export const product: Service = defineService<ProductDatabase, typeof settings>(REGISTRY, {
  name: 'product',
  settings,
  create({ db, config, logger }) {
    const cache = createProductCache();
    const changes = followChanges({ url: config.PRODUCT_DATABASE_URL, cache, logger });
    return {
      requests: { operations: productRequests, implementation: createProductRequests(db, cache) },
      close: () => changes.close(),
    };
  },
});
