import type { Transaction } from 'kysely';
import type { z } from 'zod';
import type { CloudEvent, EventShapes } from '../contract/event.ts';
import type { InboxDatabase } from './inbox.ts';

/** An event of one type, with data of the publisher's schema. */
export type EventOf<Shape extends z.ZodType> = Omit<CloudEvent, 'data'> & { data: z.infer<Shape> };

/**
 * How one service handles another's events. A handler's effect and the record that its event is handled are one
 * transaction, so the effect happens once. If the handler throws, the event is retried and later ones of its subject wait.
 */
export interface Subscription {
  publisher: string;
  shapes: EventShapes;
  handlers: Readonly<
    Record<string, (event: EventOf<z.ZodType>, transaction: Transaction<InboxDatabase>) => Promise<void>>
  >;
}

type Handlers<Shapes extends EventShapes, Database> = {
  readonly [Type in keyof Shapes]?: (event: EventOf<Shapes[Type]>, transaction: Transaction<Database>) => Promise<void>;
};

/** Types every handler by its event's schema. */
export const subscription = <Shapes extends EventShapes, Database extends InboxDatabase>(
  publisher: string,
  shapes: Shapes,
  handlers: Handlers<Shapes, Database>,
): Subscription => ({ publisher, shapes, handlers: handlers as unknown as Subscription['handlers'] });
