import { z } from 'zod';
import { PersonName, Register, type UserRequests } from '../../activities/user.ts';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import { expectedVersion } from '../entity-tag.ts';
import { Address } from '../orders/address.ts';
import { NewUser, Profile, profileOf } from './view.ts';

const ChangeProfile = z
  .strictObject({ name: PersonName.optional(), shippingAddress: Address.optional() })
  .refine((change) => Object.keys(change).length > 0, { error: 'must have at least one field to change' })
  .meta({ override: { minProperties: 1 }, id: 'ProfileChange', examples: [{ name: 'Ada King' }] });

/** Signing up, and the caller's own profile. */
export const userRoutes = (users: UserRequests): AnyRoute[] => [
  route({
    method: 'post',
    path: '/v1/users',
    operationId: 'signUp',
    summary: 'Sign up',
    tag: 'users',
    access: 'public',
    rate: 'sign_in',
    body: Register.meta({
      id: 'SignUp',
      examples: [{ email: 'ada@example.com', password: 'correct horse battery', name: 'Ada Lovelace' }],
    }),
    responses: {
      201: {
        description: 'Signed up',
        body: NewUser,
        headers: { Location: 'the path of the profile, readable after signing in' },
        links: { signIn: { requestBody: { email: '$request.body#/email', password: '$request.body#/password' } } },
      },
    },
    problems: { 409: ['EmailTaken'] },
    async handle({ body }) {
      return { status: 201, body: await users.register(body), headers: { Location: '/v1/users/me' } };
    },
  }),

  route({
    method: 'get',
    path: '/v1/users/me',
    operationId: 'readProfile',
    summary: 'Read your profile',
    tag: 'users',
    access: 'user',
    headers: { 'If-None-Match': 'the ETag you have; 304 if it is still current' },
    responses: { 200: { description: 'The profile', body: Profile, headers: { ETag: 'the version of the profile' } } },
    problems: { 404: ['UserNotFound'] },
    async handle({ caller }) {
      const user = await users.getUser({ userId: caller!.id });
      return { status: 200, body: profileOf(user), version: user.version };
    },
  }),

  route({
    method: 'patch',
    path: '/v1/users/me',
    operationId: 'changeProfile',
    summary: 'Change your profile',
    tag: 'users',
    access: 'user',
    body: ChangeProfile,
    headers: { 'If-Match': 'the ETag that the change is based on; 412 if the profile has changed since' },
    responses: {
      200: { description: 'The changed profile', body: Profile, headers: { ETag: 'the version of the profile' } },
    },
    problems: { 404: ['UserNotFound'], 412: ['PreconditionFailed'] },
    async handle({ body, caller, header }) {
      const userId = caller!.id;
      const current = async () => (await users.getUser({ userId })).version;
      const version = await expectedVersion(header('If-Match'), current);
      const user = await users.updateUser({ ...body, userId, expectedVersion: version });
      return { status: 200, body: profileOf(user), version: user.version };
    },
  }),
];
