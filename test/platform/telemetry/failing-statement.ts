import { trace } from '@opentelemetry/api';
import { sql } from 'kysely';
import { connect } from '../../../platform/database/connection.ts';

// Run by sql-spans.test.ts with tracing.ts preloaded: one statement that PostgreSQL refuses because of a value.
const db = connect<unknown>(process.env.DATABASE_URL!);
await trace.getTracer('test').startActiveSpan('parent', async (parent) => {
  await sql`select ${process.env.VALUE}::integer from mails`.execute(db).catch(() => undefined);
  parent.end();
});
await db.destroy();
