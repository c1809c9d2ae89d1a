import { z } from 'zod';
import { webhookActivities, webhookRequests } from '../../activities/webhook.ts';
import { workflowBundle } from '../../platform/temporal/workflow-bundle.ts';
import { keepPurging } from '../../platform/events/retention.ts';
import { type Service, defineService } from '../../platform/service.ts';
import { REGISTRY } from '../registry.ts';
import { createTemporalClient, temporalSettings } from '../../platform/temporal/client.ts';
import { keepLookingForAbandoned } from './abandoned.ts';
import { createWebhookActivities } from './activities.ts';
import { resolveByDns } from './addresses.ts';
import type { WebhookDatabase } from './database.ts';
import { createDeliveryRequests } from './deliveries.ts';
import { createEndpointRequests } from './endpoints.ts';
import { webhookMetrics } from './metrics.ts';
import { purgeDeliveries } from './retention.ts';
import { Safe, encryptionKey } from './secrets.ts';
import { createSender } from './sending.ts';
import { keepStarting } from './starting.ts';
import { subscriptions } from './subscriptions.ts';
import { createDeliveryWorkflows } from './workflows.ts';

const settings = {
  /** What endpoints' secrets are encrypted with. */
  WEBHOOK_SECRET_KEY: encryptionKey,
  /** `true`: also plain http:// and addresses that are not on the public Internet. */
  WEBHOOK_ALLOW_PRIVATE: z.enum(['true', 'false'], { error: 'must be true or false' }).default('false'),
  /** Where the bundled workflows are kept. */
  CACHE_DIR: z.string().default('.cache'),
  ...temporalSettings,
};

/** Tells customers' systems of what happens to their orders, and runs the workflow of each delivery. */
export const webhook: Service = defineService<WebhookDatabase, typeof settings>(REGISTRY, {
  name: 'webhook',
  settings,
  async create({ db, config, logger, metrics }) {
    const reach = { allowPrivate: config.WEBHOOK_ALLOW_PRIVATE === 'true', resolve: resolveByDns };
    const safe = new Safe(config.WEBHOOK_SECRET_KEY);
    const sender = createSender(reach);
    const temporal = createTemporalClient({ address: config.TEMPORAL_ADDRESS, namespace: config.TEMPORAL_NAMESPACE });
    const workflows = createDeliveryWorkflows(temporal);
    const figures = webhookMetrics(metrics.registry);
    const starting = keepStarting({ db, workflows, logger });
    const looking = keepLookingForAbandoned({ db, workflows, figures, logger });
    const stopPurging = keepPurging(() => purgeDeliveries(db), logger);
    return {
      requests: {
        operations: webhookRequests,
        implementation: { ...createEndpointRequests(db, { safe, reach }), ...createDeliveryRequests(db, workflows) },
      },
      activities: {
        operations: webhookActivities,
        implementation: createWebhookActivities({ db, safe, sender, figures }),
      },
      workflowBundle: await workflowBundle(config.CACHE_DIR),
      subscriptions,
      async close() {
        await Promise.all([starting.close(), looking.close(), stopPurging()]);
        await sender.close();
        await temporal.connection.close();
      },
    };
  },
});
