import { z } from 'zod';
import { CreateGuest, type GuestRef } from '../../activities/guest.ts';
import { LinkToken } from '../../activities/mail-link.ts';
import type { UserRequests } from '../../activities/user.ts';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import type { Tokens } from './tokens.ts';

const GuestSession = z
  .object({
    accessToken: z.string().meta({ description: 'a JWT; send it as `Authorization: Bearer …`' }),
    tokenType: z.literal('Bearer'),
    expiresIn: z.int().meta({ description: 'lifetime of the access token in seconds; it cannot be renewed' }),
  })
  .meta({
    id: 'GuestSession',
    examples: [
      {
        accessToken: 'eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiI2ZDFmMGMxZSJ9.c2lnbmF0dXJl',
        tokenType: 'Bearer',
        expiresIn: 86_400,
      },
    ],
  });

/** Ordering without an account. Whether an address has one makes no difference here. */
export function guestRoutes(users: UserRequests, tokens: Tokens): AnyRoute[] {
  const sessionOf = async ({ guestId }: GuestRef) => ({
    status: 201,
    body: { ...(await tokens.issue({ id: guestId, role: 'guest' })), tokenType: 'Bearer' },
  });

  return [
    route({
      method: 'post',
      path: '/v1/guests',
      operationId: 'startAsGuest',
      summary: 'Get an access token for a cart and orders without an account',
      tag: 'users',
      access: 'public',
      rate: 'sign_in',
      body: CreateGuest.meta({ id: 'StartAsGuest', examples: [{ email: 'ada@example.com' }] }),
      responses: {
        201: {
          description: 'A token of a new guest; the response is the same if the address has an account',
          body: GuestSession,
        },
      },
      handle: async ({ body }) => sessionOf(await users.createGuest(body)),
    }),

    route({
      method: 'post',
      path: '/v1/guests/:token',
      operationId: 'continueAsGuest',
      summary: 'Get an access token for the orders of a guest by the link of an e-mail, as often as needed for 90 days',
      tag: 'users',
      access: 'public',
      rate: 'sign_in',
      params: z.object({ token: LinkToken.meta({ description: 'from the link in the e-mail' }) }),
      responses: { 201: { description: 'A token of the guest who ordered', body: GuestSession } },
      problems: { 404: ['LinkNotFound'] },
      handle: async ({ params }) => sessionOf(await users.openGuestLink(params)),
    }),
  ];
}
