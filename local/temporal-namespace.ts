import { setTimeout as sleep } from 'node:timers/promises';
import { Connection, isGrpcServiceError } from '@temporalio/client';
import {
  customerIdAttribute,
  fulfillmentStatusAttribute,
  orderStatusAttribute,
  paymentStatusAttribute,
  waitsForAttribute,
} from '../workflows/saga/messages.ts';
import { SettingError } from '../platform/config.ts';
import { checkTemporal } from '../platform/temporal/check.ts';
import { type TemporalPlace, connectionOptions } from '../platform/temporal/place.ts';

// gRPC status codes and Temporal's type code; at run time only `@temporalio/proto` exports their enumerations.
const NOT_FOUND: number = 5;
const ALREADY_EXISTS: number = 6;
const PERMISSION_DENIED: number = 7;
const UNIMPLEMENTED: number = 12;
const UNAUTHENTICATED: number = 16;
const KEYWORD = 2;

const ATTRIBUTES = [
  orderStatusAttribute,
  customerIdAttribute,
  paymentStatusAttribute,
  fulfillmentStatusAttribute,
  waitsForAttribute,
].map(({ name }) => name);

// A development server responds within 2 s of its start, a cluster during a rollout within half a minute.
const TIMEOUT_MS = 30_000;
// Short, because a client waits longer and longer between its own attempts to reach a server that starts.
const CONNECT_MS = 1_000;
// A server with TLS runs already, perhaps on another continent.
const TLS_CONNECT_MS = 5_000;

/**
 * Waits until the server responds, checks that the namespace exists, and adds the search attributes that the workflows
 * set. Safe to repeat.
 *
 * A missing namespace is an error and is never created: with a mistyped name the platform would otherwise start without
 * the existing orders.
 */
export async function prepareNamespace(place: TemporalPlace): Promise<void> {
  await checkTemporal(place);
  const connection = await connect(place);
  try {
    await checkNamespace(connection, place);
    await addAttributes(connection, place.namespace);
  } finally {
    await connection.close();
  }
}

async function connect(place: TemporalPlace): Promise<Connection> {
  const deadline = Date.now() + TIMEOUT_MS;
  for (;;) {
    try {
      return await Connection.connect({
        ...connectionOptions(place),
        connectTimeout: place.tls ? TLS_CONNECT_MS : CONNECT_MS,
      });
    } catch (cause) {
      if (Date.now() > deadline) {
        throw new SettingError(
          `no Temporal server responds at ${place.address}: start it, or set TEMPORAL_ADDRESS to a running server`,
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
      if (isRefusal(error)) {
        throw new SettingError(
          `the Temporal server at ${address} refuses access to the namespace ${namespace} (${error.details}): check TEMPORAL_NAMESPACE, and the certificate or TEMPORAL_API_KEY`,
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
      if (isGrpcServiceError(error) && error.code === ALREADY_EXISTS) continue;
      if (!isRefusal(error)) throw error;
      throw new SettingError(
        `the Temporal server lets nobody add the search attribute ${name} to the namespace ${namespace} this way (${error.details}): add it there, of type Keyword`,
        { cause: error },
      );
    }
  }
}

/** Whether no retry helps: Temporal Cloud, for one, lets search attributes be added only in its console. */
const isRefusal = (error: unknown): error is Error & { details: string } =>
  isGrpcServiceError(error) && [PERMISSION_DENIED, UNIMPLEMENTED, UNAUTHENTICATED].includes(error.code);
