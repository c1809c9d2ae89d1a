import { z } from 'zod';
import { Mail, MailState, type NotificationRequests } from '../../activities/notification.ts';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import { listOf, nextPage, pageQuery } from '../paging.ts';

const MailView = Mail.meta({
  id: 'Mail',
  examples: [
    {
      id: '6d1f0c1e-8f57-4a3e-9d55-0e0a4f0f8b9c',
      template: 'shipped',
      customerId: '0c6e2f4e-2b9a-4e0b-a3a5-8f2f5e1f6c11',
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
    query: z.strictObject({ state: MailState.optional(), ...pageQuery }),
    responses: { 200: { description: 'A page of e-mails', body: listOf(MailView) } },
    problems: { 400: ['BadCursor'] },
    async handle({ query: { state, cursor, limit } }) {
      const page = await notifications.listMails({ state, after: cursor, limit });
      return {
        status: 200,
        body: { items: page.items, next: nextPage('/v1/admin/mailbox', page.next, { limit, state }) },
      };
    },
  }),
];
