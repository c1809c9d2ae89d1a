import { z } from 'zod';
import { Mail, MailState, MailTemplate, type NotificationRequests } from '../../activities/notification.ts';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import { effectId } from '../idempotency/effect-id.ts';
import { orderLinks } from '../openapi/links.ts';
import { listOf, nextPage, pageQuery } from '../paging.ts';
import { idOr404, notFound } from '../path-ids.ts';

const MailView = Mail.meta({
  id: 'Mail',
  examples: [
    {
      id: '6d1f0c1e-8f57-4a3e-9d55-0e0a4f0f8b9c',
      template: 'shipped',
      customerId: '0c6e2f4e-2b9a-4e0b-a3a5-8f2f5e1f6c11',
      orderId: '9b2d6a0e-6b1f-4a7e-8f10-3f6a5b1c2d3e',
      resendOf: null,
      resentBy: null,
      state: 'sent',
      to: 'ada@example.com',
      subject: 'Your parcel is on its way',
      text: 'Hello Ada Lovelace, …',
      attempts: 1,
      error: null,
      createdAt: '2026-01-05T09:00:00.000Z',
      updatedAt: '2026-01-05T09:00:01.000Z',
    },
  ],
});

const Kind = z.string().meta({ description: 'the `template` of the e-mail', param: { example: 'shipped' } });

/** The e-mails to customers and their delivery states. */
export const mailboxRoutes = (notifications: NotificationRequests): AnyRoute[] => [
  route({
    method: 'get',
    path: '/v1/admin/mailbox',
    operationId: 'listMails',
    summary: 'List e-mails to customers, newest first',
    tag: 'notifications',
    access: 'staff',
    staff: ['viewer'],
    query: z.strictObject({
      state: MailState.optional(),
      orderId: z.uuid().optional().meta({ description: 'only those about this order' }),
      ...pageQuery,
    }),
    responses: { 200: { description: 'A page of e-mails', body: listOf(MailView) } },
    problems: { 400: ['BadCursor'] },
    async handle({ query: { cursor, limit, ...filter } }) {
      const page = await notifications.listMails({ ...filter, after: cursor, limit });
      const next = nextPage('/v1/admin/mailbox', page.next, { limit, ...filter });
      return { status: 200, body: { items: page.items, next } };
    },
  }),

  route({
    method: 'post',
    path: '/v1/admin/orders/:orderId/mails/:kind/resend',
    operationId: 'resendMail',
    summary: 'Send the newest e-mail of this kind about an order again',
    tag: 'notifications',
    access: 'staff',
    staff: ['support'],
    idempotent: true,
    params: z.object({ orderId: z.string(), kind: Kind }),
    responses: {
      201: {
        description: 'The new e-mail, which is sent in a moment to the customer’s current address',
        body: MailView,
        links: orderLinks('/orderId'),
      },
    },
    problems: { 404: ['MailNotFound'] },
    async handle(request) {
      const orderId = idOr404(request.params.orderId, 'MailNotFound');
      const { data: template } = MailTemplate.safeParse(request.params.kind);
      if (!template) throw notFound('MailNotFound');
      const mailId = effectId(`resendMail ${orderId} ${template}`, request);
      const mail = { mailId, orderId, template, resentBy: request.caller!.id };
      return { status: 201, body: await notifications.resendMail(mail) };
    },
  }),
];
