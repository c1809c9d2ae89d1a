import { setTimeout as sleep } from 'node:timers/promises';
import { Connection, isGrpcServiceError } from '@temporalio/client';
import { customerIdAttribute, orderStatusAttribute } from '../workflows/saga/messages.ts';
import { SettingError } from '../platform/config.ts';
import type { TemporalPlace } from '../platform/temporal/client.ts';

// gRPC's status codes and Temporal's type code, whose enumerations only `@temporalio/proto` exports at run time.
const NOT_FOUND: number = 5;
const ALREADY_EXISTS: number = 6;
const KEYWORD = 2;

const ATTRIBUTES = [orderStatusAttribute.name, customerIdAttribute.name];

// A development server answers within 2 s of its start, a cluster that is being rolled out within half a minute.
const PATIENCE_MS = 30_000;

/**
 * Waits until the server answers, sees to it that the namespace exists and gives it the search attributes that the
 * workflows set. Safe to repeat.
 *
 * A namespace that is missing is an error, never made: a mistyped name would otherwise start an empty world beside
 * the one in which the orders are.
 */
export async function prepareNamespace({ address, namespace }: TemporalPlace): Promise<void> {
  const connection = await connected(address);
  try {
    await checkNamespace(connection, { address, namespace });
    await addAttributes(connection, namespace);
  } finally {
    await connection.close();
  }
}

async function connected(address: string): Promise<Connection> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await Connection.connect({ address, connectTimeout: 1_000 });
    } catch (cause) {
      if (Date.now() > deadline) {
        throw new SettingError(`no Temporal server answers at ${address}: set TEMPORAL_ADDRESS to one that does`, {
          cause,
        });
      }
      await sleep(30);
    }
  }
}

async function checkNamespace(connection: Connection, { address, namespace }: TemporalPlace): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      await connection.workflowService.describeNamespace({ namespace });
      return;
    } catch (error) {
      if (isGrpcServiceError(error) && error.code === NOT_FOUND) {
        throw new SettingError(
          `there is no Temporal namespace ${namespace} at ${address}: set TEMPORAL_NAMESPACE to one that exists, or make it with: temporal operator namespace create --namespace ${namespace} --address ${address}`,
          { cause: error },
        );
      }
      // It listens before all of its parts work.
      if (Date.now() > deadline) throw error;
      await sleep(30);
    }
  }
}

async function addAttributes(connection: Connection, namespace: string): Promise<void> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  for (const name of ATTRIBUTES.filter((name) => customAttributes[name] !== KEYWORD)) {
    if (customAttributes[name] !== undefined) {
      throw new SettingError(`namespace ${namespace} has a search attribute ${name} that is no Keyword: remove it`);
    }
    try {
      await connection.operatorService.addSearchAttributes({ namespace, searchAttributes: { [name]: KEYWORD } });
    } catch (error) {
      // Another starter was quicker.
      if (!isGrpcServiceError(error) || error.code !== ALREADY_EXISTS) throw error;
    }
  }
}
