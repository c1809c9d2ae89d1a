import { z } from 'zod';
import { type Implementation, Nothing, operation } from '../platform/contract/operation.ts';
import { text } from './text.ts';

/** What a machine may be allowed to do, each of them apart: a warehouse's scanner reads no orders. */
export const SCOPES = {
  'products:write': 'add and change products',
  'stock:read': 'read the stock of products',
  'stock:write': 'adjust the stock of products',
  'orders:read': 'read everybody’s orders, their history and returns',
  'orders:cancel': 'cancel anybody’s order',
  'returns:write': 'note that returned goods are back',
  'interventions:read': 'read what waits for a decision',
  'interventions:write': 'decide it',
} as const;
export const Scope = z.enum(Object.keys(SCOPES) as [keyof typeof SCOPES, ...(keyof typeof SCOPES)[]]);
export type Scope = z.infer<typeof Scope>;

/** A machine that signs in by itself. */
export const Client = z.object({
  id: z.uuid(),
  name: z.string(),
  scopes: z.array(Scope),
  createdAt: z.iso.datetime(),
});
export type Client = z.infer<typeof Client>;
/** The only time that the secret is shown: only its digest is kept. */
export const ClientWithSecret = Client.extend({ secret: z.string() });
export type ClientWithSecret = z.infer<typeof ClientWithSecret>;

export const CreateClient = z.strictObject({
  name: text(100),
  scopes: z.array(Scope).min(1).max(20),
  /** The admin’s id. */
  createdBy: z.string(),
});
export type CreateClient = z.infer<typeof CreateClient>;
export const ClientRef = z.strictObject({ clientId: z.string() });
export type ClientRef = z.infer<typeof ClientRef>;
export const ClientProof = z.strictObject({ clientId: z.string().max(100), secret: z.string().max(200) });
export type ClientProof = z.infer<typeof ClientProof>;

/** Machines that sign in by themselves: part of what the user service can be asked. */
export const clientRequests = {
  /** Refuses `TooManyClients`. */
  createClient: operation({
    request: CreateClient,
    response: ClientWithSecret,
    repeatable: false,
    refuses: ['TooManyClients'],
  }),
  /** Newest first. */
  listClients: operation({ request: Nothing, response: z.object({ items: z.array(Client) }) }),
  /** Gives it a new secret; the one before holds for another day. Refuses `ClientNotFound`. */
  renewClientSecret: operation({
    request: ClientRef,
    response: ClientWithSecret,
    repeatable: false,
    refuses: ['ClientNotFound'],
  }),
  /** It signs in no more, and its tokens end as those of an ended session do. Refuses `ClientNotFound`. */
  deleteClient: operation({ request: ClientRef, repeatable: false, refuses: ['ClientNotFound'] }),
  /** Whose id and secret these are. Refuses `BadClient`. */
  authenticateClient: operation({ request: ClientProof, response: Client, refuses: ['BadClient'] }),
};
export type ClientRequests = Implementation<typeof clientRequests>;
