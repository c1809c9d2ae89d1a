import { z } from 'zod';
import { Client, ClientWithSecret, CreateClient, type Scope } from '../../activities/client.ts';
import type { UserRequests } from '../../activities/user.ts';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import type { EndedSessions } from '../auth/ended-sessions.ts';
import { linksTo } from '../openapi/links.ts';

const SCANNER = {
  id: '6d1f0c1e-8f57-4a3e-9d55-0e0a4f0f8b9c',
  name: 'warehouse scanner',
  scopes: ['stock:read', 'stock:write'] satisfies Scope[],
  createdAt: '2026-01-05T09:00:00.000Z',
};
const ClientView = Client.meta({ id: 'Client', examples: [SCANNER] });
const NewClient = ClientWithSecret.meta({
  id: 'ClientWithSecret',
  description: 'The secret is not shown again.',
  examples: [{ ...SCANNER, secret: 'Zk9oV2s3c1F0b2V3R2p4T1B5Qm5NcVd1' }],
});
const ClientRequest = CreateClient.omit({ createdBy: true })
  .strict()
  .meta({ id: 'NewClient', examples: [{ name: 'warehouse scanner', scopes: ['stock:read', 'stock:write'] }] });
const clientLinks = (pointer: string) =>
  linksTo(['renewClientSecret', 'deleteClient'], { clientId: `$response.body#${pointer}` });
const ClientPath = z.object({ clientId: z.string() });

/** API clients: machines that sign in with an id and a secret. */
export const clientRoutes = (users: UserRequests, ended: EndedSessions): AnyRoute[] => [
  route({
    method: 'post',
    path: '/v1/admin/clients',
    operationId: 'createClient',
    summary: 'Create an API client; its id and secret are for POST /v1/oauth/token',
    tag: 'clients',
    access: 'staff',
    body: ClientRequest,
    responses: { 201: { description: 'Created', body: NewClient, links: clientLinks('/id') } },
    problems: { 409: ['TooManyClients'] },
    handle: async ({ body, caller }) => ({
      status: 201,
      body: await users.createClient({ ...body, createdBy: caller!.id }),
    }),
  }),

  route({
    method: 'get',
    path: '/v1/admin/clients',
    operationId: 'listClients',
    summary: 'List the API clients, newest first',
    tag: 'clients',
    access: 'staff',
    responses: {
      200: {
        description: 'The API clients',
        body: z.object({ items: z.array(ClientView) }),
        links: clientLinks('/items/0/id'),
      },
    },
    handle: async () => ({ status: 200, body: await users.listClients({}) }),
  }),

  route({
    method: 'post',
    path: '/v1/admin/clients/:clientId/secret',
    operationId: 'renewClientSecret',
    summary: 'Renew the secret of an API client; the previous secret stays valid for one day',
    tag: 'clients',
    access: 'staff',
    params: ClientPath,
    responses: { 200: { description: 'The new secret', body: NewClient, links: clientLinks('/id') } },
    problems: { 404: ['ClientNotFound'] },
    handle: async ({ params }) => ({ status: 200, body: await users.renewClientSecret(params) }),
  }),

  route({
    method: 'delete',
    path: '/v1/admin/clients/:clientId',
    operationId: 'deleteClient',
    summary: 'Delete an API client',
    tag: 'clients',
    access: 'staff',
    params: ClientPath,
    responses: { 204: { description: 'Deleted; its secrets and tokens are no longer valid' } },
    problems: { 404: ['ClientNotFound'] },
    async handle({ params: { clientId } }) {
      await users.deleteClient({ clientId });
      ended.add(clientId.toLowerCase());
      return { status: 204 };
    },
  }),
];
