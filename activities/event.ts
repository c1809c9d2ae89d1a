import { z } from 'zod';

/**
 * What happened, told to whoever cares: CloudEvents 1.0 in its JSON format
 * (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md).
 */
export const CloudEvent = z.object({
  specversion: z.literal('1.0'),
  /** Unique per event; a subscriber notes it together with its effect, so that a second delivery changes nothing. */
  id: z.uuid(),
  /** `/services/<name>` */
  source: z.string(),
  /** `<noun>.<past tense>`, as in `order.confirmed`. */
  type: z.string(),
  /** Id of what it happened to; events of one subject are delivered in order. */
  subject: z.string(),
  time: z.iso.datetime(),
  datacontenttype: z.literal('application/json'),
  data: z.record(z.string(), z.unknown()),
});
export type CloudEvent = z.infer<typeof CloudEvent>;

/** Event types of one service, each with the shape of its `data`. */
export type EventShapes = Readonly<Record<string, z.ZodType<Record<string, unknown>>>>;
