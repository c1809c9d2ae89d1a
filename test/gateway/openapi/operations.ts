import { randomUUID } from 'node:crypto';
import type { Harness } from '../../stage/test-gateway.ts';

/** One operation of the published API, as a caller may try it. */
export interface Operation {
  operationId: string;
  method: string;
  /** With something in the place of every parameter. */
  path: string;
  /** Names of the security schemes that open it, each with the scopes it asks. */
  security: Record<string, string[]>[];
}

/** Every operation that the API's own description names. */
export async function operationsOf(gateway: Harness): Promise<Operation[]> {
  const { text } = await gateway.call('GET /openapi.json');
  const { paths } = JSON.parse(text) as {
    paths: Record<string, Record<string, Pick<Operation, 'operationId' | 'security'>>>;
  };
  return Object.entries(paths).flatMap(([template, methods]) =>
    Object.entries(methods).map(([method, { operationId, security }]) => ({
      operationId,
      method: method.toUpperCase(),
      path: template.replaceAll(/\{\w+\}/g, randomUUID()),
      security,
    })),
  );
}

/** Those that want an access token. */
export const protectedOperations = async (gateway: Harness): Promise<Operation[]> =>
  (await operationsOf(gateway)).filter(({ security }) => security.some((scheme) => 'bearer' in scheme));
