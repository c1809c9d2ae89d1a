import { z } from 'zod';
import { webhookActivities, webhookRequests } from '../../activities/webhook.ts';
import { workflowBundle } from '../../platform/temporal/workflow-bundle.ts';
import { keepPurging } from '../../platform/events/retention.ts';
import { type Service, defineService } from '../../platform/service.ts';
import { REGISTRY } from '../registry.ts';
import { createTemporalClient } from '../../platform/temporal/client.ts';
import { keepResolvingAbandoned } from './abandoned-deliveries.ts';
import { createWebhookActivities } from './activities.ts';
import { resolveByDns } from './public-addresses.ts';
import type { WebhookDatabase } from './database.ts';
import { createDeliveryRequests } from './deliveries.ts';
import { createEndpointRequests } from './endpoints.ts';
import { webhookMetrics } from './metrics.ts';
import { purgeDeliveries } from './retention.ts';
import { SecretCipher, encryptionKey } from './secrets.ts';
import { createSender } from './sender.ts';
import { keepStartingWorkflows } from './start-workflows.ts';
import { subscriptions } from './subscriptions.ts';
import { createDeliveryWorkflows } from './workflows.ts';

const settings = {
  /** Encrypts the endpoints' secrets. */
  WEBHOOK_SECRET_KEY: encryptionKey,
  /** `true`: http:// and addresses that are not on the public Internet are allowed too. */
  WEBHOOK_ALLOW_PRIVATE: z.enum(['true', 'false'], { error: 'must be true or false' }).default('false'),
  /** Where the bundled workflows are kept. */
  CACHE_DIR: z.string().default('.cache'),
};

/** Sends webhooks about orders to customers' systems, and runs the workflow of each delivery. */
export const webhook: Service = defineService<WebhookDatabase, typeof settings>(REGISTRY, {
  name: 'webhook',
  settings,
  async create({ db, config, temporal: place, logger, metrics }) {
    const urlPolicy = { allowPrivate: config.WEBHOOK_ALLOW_PRIVATE === 'true', resolve: resolveByDns };
    const secretCipher = new SecretCipher(config.WEBHOOK_SECRET_KEY);
    const sender = createSender(urlPolicy);
    const temporal = createTemporalClient(place);
    const workflows = createDeliveryWorkflows(temporal);
    const deliveryMetrics = webhookMetrics(metrics.registry);
    const starting = keepStartingWorkflows({ db, workflows, logger });
    const resolving = keepResolvingAbandoned({ db, workflows, metrics: deliveryMetrics, logger });
    const stopPurging = keepPurging(() => purgeDeliveries(db), logger);
    return {
      requests: {
        operations: webhookRequests,
        implementation: {
          ...createEndpointRequests(db, { secretCipher, urlPolicy }),
          ...createDeliveryRequests(db, workflows),
        },
      },
      activities: {
        operations: webhookActivities,
        implementation: createWebhookActivities({ db, secretCipher, sender, metrics: deliveryMetrics }),
      },
      workflowBundle: await workflowBundle(config.CACHE_DIR),
      subscriptions,
      async close() {
        await Promise.all([starting.close(), resolving.close(), stopPurging()]);
        await sender.close();
        await temporal.connection.close();
      },
    };
  },
});
