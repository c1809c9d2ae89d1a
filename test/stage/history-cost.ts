import type { WorkflowHandle } from '@temporalio/client';
import { eventually } from './eventually.ts';
import assert from 'node:assert/strict';
import temporal from '@temporalio/proto';

const { EventType } = temporal.temporal.api.enums.v1;

/** The event of a time skip. Only the test server writes it. */
const SKIPPED = 60;
/** A confirmed order starts its first timer; the events before it led to the confirmation. */
const FIRST_TIMER = EventType.EVENT_TYPE_TIMER_STARTED;
const DISPATCHED = new Set([EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED, EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED]);

export interface HistoryCost {
  /** Events of the history up to the first timer. */
  events: number;
  /** Tasks that the server handed out to workers. */
  dispatches: number;
  /** Local activities, as the Temporal Web UI shows them. */
  local: { name: string; summary: string }[];
}

/** What an order costs until it is confirmed. */
export async function historyCostOf(handle: WorkflowHandle): Promise<HistoryCost> {
  const events = await eventually(async () => {
    const all = (await handle.fetchHistory()).events!.filter(({ eventType }) => Number(eventType) !== SKIPPED);
    const timer = all.findIndex(({ eventType }) => eventType === FIRST_TIMER);
    assert.ok(timer >= 0, 'the workflow has not started its timer yet');
    return all.slice(0, timer + 1);
  });
  return {
    events: events.length,
    dispatches: events.filter(({ eventType }) => DISPATCHED.has(eventType!)).length,
    local: events.flatMap(({ markerRecordedEventAttributes: marker, userMetadata }) => {
      const data = marker?.details?.data?.payloads?.[0]?.data;
      if (!data) return [];
      const { activity_type: name } = JSON.parse(Buffer.from(data).toString()) as { activity_type: string };
      const summary = userMetadata?.summary?.data;
      return [{ name, summary: summary ? (JSON.parse(Buffer.from(summary).toString()) as string) : '' }];
    }),
  };
}
