import { randomUUID } from 'node:crypto';
import type { ClientRequests, ClientWithSecret } from '../../activities/client.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import { NOW } from './gateway-builders.ts';
import type { FakeSessions } from './fake-sessions.ts';

/** The API clients of the user service in memory. */
export function fakeClients(clients: Map<string, ClientWithSecret>, sessions: FakeSessions): ClientRequests {
  const find = (clientId: string): ClientWithSecret => {
    const client = clients.get(clientId);
    if (!client) throw new Refusal('ClientNotFound', 'no such client');
    return client;
  };
  const store = (client: ClientWithSecret): ClientWithSecret => {
    clients.set(client.id, client);
    return client;
  };
  return {
    createClient: async ({ createdBy: _createdBy, ...client }) =>
      store({ ...client, id: randomUUID(), createdAt: NOW, secret: `cs_${randomUUID()}` }),
    listClients: async () => ({ items: [...clients.values()].map(({ secret: _secret, ...client }) => client) }),
    renewClientSecret: async ({ clientId }) => store({ ...find(clientId), secret: `cs_${randomUUID()}` }),
    async deleteClient({ clientId }) {
      clients.delete(find(clientId).id);
      sessions.ended.push(clientId);
    },
    async authenticateClient({ clientId, secret }) {
      const client = clients.get(clientId);
      if (client?.secret !== secret) throw new Refusal('BadClient', 'client id or secret is wrong');
      return client;
    },
  };
}
