import { z } from 'zod';
import { type Implementation, Nothing, operation } from '../platform/contract/operation.ts';
import { text } from './text.ts';

/** Permissions of API clients. Each is granted separately: a warehouse's scanner cannot read orders. */
export const SCOPES = {
  'products:write': 'add and change products',
  'stock:read': 'read the stock of products',
  'stock:write': 'adjust the stock of products',
  'orders:read': 'read everybody’s orders, who placed them, their history and returns, and reports',
  'orders:cancel': 'cancel anybody’s order',
  'returns:write': 'note that returned goods are back',
  'interventions:read': 'read what waits for a decision',
  'interventions:write': 'decide it',
} as const;
export const Scope = z.enum(Object.keys(SCOPES) as [keyof typeof SCOPES, ...(keyof typeof SCOPES)[]]);
export type Scope = z.infer<typeof Scope>;

/** A program that signs in with its own id and secret: OAuth 2.0 client credentials (RFC 6749 section 4.4). */
export const Client = z.object({
  id: z.uuid(),
  name: z.string(),
  scopes: z.array(Scope),
  createdAt: z.iso.datetime(),
});
export type Client = z.infer<typeof Client>;
/** The only response with the secret: only its digest is stored. */
export const ClientWithSecret = Client.extend({ secret: z.string() });
export type ClientWithSecret = z.infer<typeof ClientWithSecret>;

export const CreateClient = z.strictObject({
  name: text(100),
  scopes: z.array(Scope).min(1).max(20),
  /** The administrator’s id. */
  createdBy: z.string(),
});
export type CreateClient = z.infer<typeof CreateClient>;
export const ClientRef = z.strictObject({ clientId: z.string() });
export type ClientRef = z.infer<typeof ClientRef>;
export const ClientProof = z.strictObject({ clientId: z.string().max(100), secret: z.string().max(200) });
export type ClientProof = z.infer<typeof ClientProof>;

/** API clients: part of what the user service's HTTP API offers. */
export const clientRequests = {
  /** Creates a client with a new secret. A repeat creates another one. Refuses `TooManyClients`. */
  createClient: operation({
    request: CreateClient,
    response: ClientWithSecret,
    repeatable: false,
    refuses: ['TooManyClients'],
  }),
  /** All clients, newest first. */
  listClients: operation({ request: Nothing, response: z.object({ items: z.array(Client) }) }),
  /**
   * Replaces the secret. The previous one stays valid for a day. A repeat replaces it again.
   * Refuses `ClientNotFound`.
   */
  renewClientSecret: operation({
    request: ClientRef,
    response: ClientWithSecret,
    repeatable: false,
    refuses: ['ClientNotFound'],
  }),
  /** Deletes the client and revokes its access tokens, see endedSince. Refuses `ClientNotFound`, also on a repeat. */
  deleteClient: operation({ request: ClientRef, repeatable: false, refuses: ['ClientNotFound'] }),
  /** The client with this id and secret. Refuses `BadClient` if either is wrong. */
  authenticateClient: operation({ request: ClientProof, response: Client, refuses: ['BadClient'] }),
};
export type ClientRequests = Implementation<typeof clientRequests>;
