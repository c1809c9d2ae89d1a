import type { Transaction } from 'kysely';
import type { z } from 'zod';
import type { CloudEvent, EventShapes } from '../contract/event.ts';
import type { InboxDatabase } from './inbox.ts';

/** An event of one type, its data of the publisher's shape. */
export type EventOf<Shape extends z.ZodType> = Omit<CloudEvent, 'data'> & { data: z.infer<Shape> };

/**
 * What one service does about another's events. A handler's effect and the note that its event is handled are one
 * transaction, so it happens once; where it throws, the event is tried again and later ones of its subject wait.
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

/** Only here so that every handler is typed by its event's shape. */
export const subscription = <Shapes extends EventShapes, Database extends InboxDatabase>(
  publisher: string,
  shapes: Shapes,
  handlers: Handlers<Shapes, Database>,
): Subscription => ({ publisher, shapes, handlers: handlers as unknown as Subscription['handlers'] });
