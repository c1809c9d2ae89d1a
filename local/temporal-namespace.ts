import { setTimeout as sleep } from 'node:timers/promises';
import { Connection, isGrpcServiceError } from '@temporalio/client';
import { customerIdAttribute, orderStatusAttribute } from '../workflows/saga/messages.ts';
import { SettingError } from '../platform/config.ts';
import type { TemporalPlace } from '../platform/temporal/client.ts';

// gRPC status codes and Temporal's type code; at run time only `@temporalio/proto` exports their enumerations.
const NOT_FOUND: number = 5;
const ALREADY_EXISTS: number = 6;
const KEYWORD = 2;

const ATTRIBUTES = [orderStatusAttribute.name, customerIdAttribute.name];

// A development server responds within 2 s of its start, a cluster during a rollout within half a minute.
const TIMEOUT_MS = 30_000;

/**
 * Waits until the server responds, checks that the namespace exists, and adds the search attributes that the workflows
 * set. Safe to repeat.
 *
 * A missing namespace is an error and is never created: with a mistyped name the platform would otherwise start without
 * the existing orders.
 */
export async function prepareNamespace({ address, namespace }: TemporalPlace): Promise<void> {
  const connection = await connect(address);
  try {
    await checkNamespace(connection, { address, namespace });
    await addAttributes(connection, namespace);
  } finally {
    await connection.close();
  }
}

async function connect(address: string): Promise<Connection> {
  const deadline = Date.now() + TIMEOUT_MS;
  for (;;) {
    try {
      return await Connection.connect({ address, connectTimeout: 1_000 });
    } catch (cause) {
      if (Date.now() > deadline) {
        throw new SettingError(
          `no Temporal server responds at ${address}: start it, or set TEMPORAL_ADDRESS to a running server`,
          {
            cause,
          },
        );
      }
      await sleep(30);
    }
  }
}

async function checkNamespace(connection: Connection, { address, namespace }: TemporalPlace): Promise<void> {
  const deadline = Date.now() + TIMEOUT_MS;
  for (;;) {
    try {
      await connection.workflowService.describeNamespace({ namespace });
      return;
    } catch (error) {
      if (isGrpcServiceError(error) && error.code === NOT_FOUND) {
        throw new SettingError(
          `the Temporal namespace ${namespace} does not exist at ${address}: set TEMPORAL_NAMESPACE to an existing one, or create it with: temporal operator namespace create --namespace ${namespace} --address ${address}`,
          { cause: error },
        );
      }
      // A starting server listens before it is fully ready.
      if (Date.now() > deadline) throw error;
      await sleep(30);
    }
  }
}

async function addAttributes(connection: Connection, namespace: string): Promise<void> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  for (const name of ATTRIBUTES.filter((name) => customAttributes[name] !== KEYWORD)) {
    if (customAttributes[name] !== undefined) {
      throw new SettingError(
        `the search attribute ${name} of namespace ${namespace} is not of type Keyword: remove it`,
      );
    }
    try {
      await connection.operatorService.addSearchAttributes({ namespace, searchAttributes: { [name]: KEYWORD } });
    } catch (error) {
      // Another process has added it in the meantime.
      if (!isGrpcServiceError(error) || error.code !== ALREADY_EXISTS) throw error;
    }
  }
}
