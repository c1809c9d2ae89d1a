import type { WorkflowHandle } from '@temporalio/client';
import { eventually } from './eventually.ts';
import assert from 'node:assert/strict';
import temporal from '@temporalio/proto';

const { EventType } = temporal.temporal.api.enums.v1;

/** A skip of time is the test server's own, and in no history elsewhere. */
const SKIPPED = 60;
/** The first wait of a confirmed order: what came before it was the way there. */
const WAITS = EventType.EVENT_TYPE_TIMER_STARTED;
const DISPATCHED = new Set([EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED, EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED]);

export interface HistoryCost {
  /** Events of the history up to the first wait. */
  events: number;
  /** Tasks that the server handed out. */
  dispatches: number;
  /** Local activities, as the Temporal Web UI shows them. */
  local: { name: string; summary: string }[];
}

/** What an order has cost until it was confirmed. */
export async function historyCostOf(handle: WorkflowHandle): Promise<HistoryCost> {
  const events = await eventually(async () => {
    const all = (await handle.fetchHistory()).events!.filter(({ eventType }) => Number(eventType) !== SKIPPED);
    const wait = all.findIndex(({ eventType }) => eventType === WAITS);
    assert.ok(wait >= 0, 'it does not wait yet');
    return all.slice(0, wait + 1);
  });
  return {
    events: events.length,
    dispatches: events.filter(({ eventType }) => DISPATCHED.has(eventType!)).length,
    local: events.flatMap(({ markerRecordedEventAttributes: marker, userMetadata }) => {
      const data = marker?.details?.data?.payloads?.[0]?.data;
      if (!data) return [];
      const { activity_type: name } = JSON.parse(Buffer.from(data).toString()) as { activity_type: string };
      const said = userMetadata?.summary?.data;
      return [{ name, summary: said ? (JSON.parse(Buffer.from(said).toString()) as string) : '' }];
    }),
  };
}
