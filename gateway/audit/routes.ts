import { z } from 'zod';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import { listOf, nextPage, pageQuery } from '../paging.ts';
import type { AuditEntry, AuditRecords } from './records.ts';
import { subjectOf } from './subject.ts';

const AuditEntryView = z
  .object({
    id: z.string(),
    at: z.iso.datetime(),
    actor: z.object({
      id: z.string(),
      role: z.string().meta({ description: 'the role at that time; `client` for an API client' }),
    }),
    operation: z.string().meta({ description: 'the `operationId` of the request' }),
    subjects: z.array(z.string()).meta({ description: 'the ids that the request names' }),
    created: z.string().optional().meta({ description: 'the id of what was created' }),
    reason: z.string().optional().meta({ description: 'the `reason` or `note` of the request' }),
    status: z
      .int()
      .nullable()
      .meta({ description: 'the HTTP status of the response; null while it runs, or if a gateway died meanwhile' }),
    requestId: z.string(),
  })
  .meta({
    id: 'AuditEntry',
    examples: [
      {
        id: '0b7f3c1e-4d5a-4f0e-9c55-2f6f0f0f8b9c',
        at: '2026-01-05T09:00:00.000Z',
        actor: { id: '6d1f0c1e-8f57-4a3e-9d55-0e0a4f0f8b9c', role: 'support' },
        operation: 'cancelOrder',
        subjects: ['0c6e2f4e-2b9a-8e0b-a3a5-8f2f5e1f6c11'],
        reason: 'the customer called',
        status: 202,
        requestId: '6d1f0c1e-4d5a-4f0e-9c55-2f6f0f0f8b9c',
      },
    ],
  });

/** What staff did. */
export const auditRoutes = (records: AuditRecords): AnyRoute[] => [
  route({
    method: 'get',
    path: '/v1/admin/audit',
    operationId: 'listAudit',
    summary: 'List what staff and API clients changed, newest first',
    tag: 'audit',
    access: 'staff',
    query: z.strictObject({
      subject: z.string().min(1).max(300).optional().meta({ description: 'an id that the action named or created' }),
      actor: z.uuid().optional().meta({ description: 'the id of a user or an API client' }),
      from: z.iso.datetime({ offset: true }).optional().meta({ description: 'the earliest time' }),
      ...pageQuery,
    }),
    responses: { 200: { description: 'A page of actions', body: listOf(AuditEntryView) } },
    problems: { 400: ['BadCursor'] },
    async handle({ query: { subject, actor, from, cursor, limit } }) {
      const filter = { subject: subject && subjectOf(subject), actor, from };
      const page = await records.list({ ...filter, after: cursor, limit });
      const next = nextPage('/v1/admin/audit', page.next, { limit, ...filter });
      return { status: 200, body: { items: page.items.map(viewOf), next } };
    },
  }),
];

const viewOf = ({ actor, actorRole, at, created, reason, ...entry }: AuditEntry): z.infer<typeof AuditEntryView> => ({
  ...entry,
  at: at.toISOString(),
  actor: { id: actor, role: actorRole },
  ...(created !== null && { created }),
  ...(reason !== null && { reason }),
});
