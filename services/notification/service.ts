import { z } from 'zod';
import { notificationRequests } from '../../activities/notification.ts';
import { productRequests } from '../../activities/product.ts';
import { userRequests } from '../../activities/user.ts';
import { httpUrl, secret } from '../../platform/config.ts';
import { createClient } from '../../platform/http/client.ts';
import { type Service, defineService } from '../../platform/service.ts';
import { REGISTRY, urlsOf } from '../registry.ts';
import type { NotificationDatabase } from './database.ts';
import { localMailbox } from './mail-transport.ts';
import { createNotificationRequests } from './requests.ts';
import { keepSending } from './sending.ts';
import { createSmtpTransport } from './smtp-transport.ts';
import { subscriptions } from './subscriptions.ts';

const settings = {
  /** If unset, mails only stay in the mailbox that administrators can read. */
  SMTP_URL: z.url({ protocol: /^smtps?$/, error: 'must be an smtp:// or smtps:// URL' }).optional(),
  MAIL_FROM: z.string().min(3).default('Your shop <shop@example.com>'),
  /** The shop's website. Links in mails lead to its pages. */
  SHOP_URL: httpUrl.default('http://127.0.0.1:3000'),
  PRODUCT_URL: urlsOf('product'),
  USER_URL: urlsOf('user'),
  SERVICE_TOKEN: secret,
};

/** Sends customers mails about their accounts, carts and orders. */
export const notification: Service = defineService<NotificationDatabase, typeof settings>(REGISTRY, {
  name: 'notification',
  settings,
  create({ db, config, logger }) {
    const token = config.SERVICE_TOKEN;
    const sending = keepSending({
      db,
      users: createClient({ service: 'user', urls: config.USER_URL, token }, 'requests', userRequests),
      products: createClient({ service: 'product', urls: config.PRODUCT_URL, token }, 'requests', productRequests),
      transport: config.SMTP_URL ? createSmtpTransport(config.SMTP_URL, config.MAIL_FROM) : localMailbox,
      shopUrl: config.SHOP_URL,
      logger,
    });
    return {
      requests: { operations: notificationRequests, implementation: createNotificationRequests(db) },
      subscriptions,
      close: () => sending.close(),
    };
  },
});
