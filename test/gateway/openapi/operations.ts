import { randomUUID } from 'node:crypto';
import type { Harness } from '../../stage/test-gateway.ts';

/** An operation of the published API, with what a caller needs to try it. */
export interface Operation {
  operationId: string;
  method: string;
  /** With a random id for each parameter. */
  path: string;
  /** The alternative security schemes, each with its scopes. */
  security: Record<string, string[]>[];
}

/** Every operation of the OpenAPI document. */
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

/** The operations that need an access token. */
export const protectedOperations = async (gateway: Harness): Promise<Operation[]> =>
  (await operationsOf(gateway)).filter(({ security }) => security.some((scheme) => 'bearer' in scheme));
