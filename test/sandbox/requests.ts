import { randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import path from 'node:path';
import { createLogger } from '../../platform/telemetry/logger.ts';
import { scratchFolder } from '../stage/test-run.ts';

export interface JsonResponse {
  status: number;
  body: Record<string, unknown> & { code?: string; status?: string; next?: string | null };
}

/** Posts `body` as JSON with this Idempotency-Key ('': none). Rejects if the connection is closed without a response. */
export async function post(url: string, body?: object, key: string = randomUUID()): Promise<JsonResponse> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...(body && { 'content-type': 'application/json' }), ...(key && { 'idempotency-key': key }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as JsonResponse['body'] };
}

export async function get(url: string): Promise<JsonResponse> {
  const response = await fetch(url);
  return { status: response.status, body: (await response.json()) as JsonResponse['body'] };
}

/** All entries of one order in a sandbox server's ledger. */
export async function ledgerOf(url: string, orderId: string): Promise<Record<string, unknown>[]> {
  const { body } = await get(`${url}/ledger?orderId=${orderId}`);
  return body.items as Record<string, unknown>[];
}

/** All entries, read page by page. */
export async function wholeLedger(url: string, limit: number): Promise<Record<string, unknown>[]> {
  const entries: Record<string, unknown>[] = [];
  for (let after = ''; ;) {
    const { body } = await get(`${url}/ledger?limit=${limit}${after && `&after=${after}`}`);
    entries.push(...(body.items as Record<string, unknown>[]));
    if (!body.next) return entries;
    after = body.next;
  }
}

export const scratch = (): string => mkdtempSync(path.join(scratchFolder(), 'sandbox-'));

export const quiet = createLogger('sandbox', 'error');
