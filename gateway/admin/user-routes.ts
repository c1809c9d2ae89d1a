import { z } from 'zod';
import { Role, type UserRequests } from '../../activities/user.ts';
import { text } from '../../activities/text.ts';
import { Problem } from '../../platform/http/problem.ts';
import { type AnyRoute, type Links, route } from '../../platform/http/route.ts';
import { ManagedUser } from '../auth/view.ts';
import { expectedVersion } from '../entity-tag.ts';
import { linksTo } from '../openapi/links.ts';
import { listOf, nextPage, pageQuery } from '../paging.ts';
import { idOr404 } from '../path-ids.ts';

const ChangeUser = z
  .strictObject({
    role: Role.optional(),
    active: z.boolean().optional().meta({ description: 'false deactivates the account, true reactivates it' }),
    reason: text(500).optional().meta({ description: 'kept in the audit trail' }),
  })
  .refine(({ role, active }) => role !== undefined || active !== undefined, {
    error: 'must have a role or active to change',
  })
  .meta({
    override: { anyOf: [{ required: ['role'] }, { required: ['active'] }] },
    id: 'UserChange',
    examples: [{ role: 'support' }, { active: false, reason: 'left the company' }],
  });
const UserPath = z.object({ userId: z.string() });

const userLinks = (pointer: string): Links =>
  linksTo(['readUser', 'changeUser'], { userId: `$response.body#${pointer}` });

/** All users and what they may do, for admins. `issuer`: where people sign in and have their roles, if not here. */
export const managedUserRoutes = (users: UserRequests, issuer?: string): AnyRoute[] => [
  listUsers(users),
  readUser(users),
  changeUser(users, issuer),
];

function listUsers(users: UserRequests): AnyRoute {
  return route({
    method: 'get',
    path: '/v1/admin/users',
    operationId: 'listUsers',
    summary: 'List or search users, newest first',
    tag: 'users',
    access: 'staff',
    query: z.strictObject({
      q: z.string().max(200).optional().meta({
        description:
          'the beginning of the e-mail address, or of words of the name; all must match, case and accents do not matter',
      }),
      ...pageQuery,
    }),
    responses: { 200: { description: 'A page of users', body: listOf(ManagedUser), links: userLinks('/items/0/id') } },
    problems: { 400: ['BadCursor'] },
    async handle({ query: { q, cursor, limit } }) {
      const query = q || undefined;
      const page = await users.listUsers({ query, after: cursor, limit });
      return {
        status: 200,
        body: { items: page.items, next: nextPage('/v1/admin/users', page.next, { limit, q: query }) },
      };
    },
  });
}

function readUser(users: UserRequests): AnyRoute {
  return route({
    method: 'get',
    path: '/v1/admin/users/:userId',
    operationId: 'readUser',
    summary: 'Read a user',
    tag: 'users',
    access: 'staff',
    params: UserPath,
    headers: { 'If-None-Match': 'the ETag you have; 304 if it is still current' },
    responses: {
      200: {
        description: 'The user',
        body: ManagedUser,
        headers: { ETag: 'the version of the user' },
        links: {
          changeUser: { parameters: { userId: '$response.body#/id', 'header.If-Match': '$response.header.ETag' } },
        },
      },
    },
    problems: { 404: ['UserNotFound'] },
    async handle({ params }) {
      const user = await users.getUser({ userId: idOr404(params.userId, 'UserNotFound') });
      return { status: 200, body: user, version: user.version };
    },
  });
}

function changeUser(users: UserRequests, issuer: string | undefined): AnyRoute {
  return route({
    method: 'patch',
    path: '/v1/admin/users/:userId',
    operationId: 'changeUser',
    summary: 'Change a user’s role, or deactivate or reactivate the account; this ends all sessions of the user',
    tag: 'users',
    access: 'staff',
    params: UserPath,
    body: ChangeUser,
    headers: { 'If-Match': 'the ETag that the change is based on; 412 if the user has changed since' },
    responses: {
      200: {
        description: 'The changed user',
        body: ManagedUser,
        headers: { ETag: 'the version of the user' },
        links: userLinks('/id'),
      },
    },
    problems: {
      404: ['UserNotFound'],
      409: ['OwnAccess', 'LastAdmin', ...(issuer === undefined ? [] : ['RoleElsewhere'])],
      412: ['PreconditionFailed'],
    },
    async handle({ params, body: { role, active }, caller, header }) {
      if (role !== undefined && issuer !== undefined) {
        throw new Problem(409, 'RoleElsewhere', `people have their roles at ${issuer}: change them there`);
      }
      const userId = idOr404(params.userId, 'UserNotFound');
      const current = async () => (await users.getUser({ userId })).version;
      const version = await expectedVersion(header('If-Match'), current);
      const change = { userId, role, active, changedBy: caller!.id, expectedVersion: version };
      const user = await users.changeAccess(change);
      return { status: 200, body: user, version: user.version };
    },
  });
}
