import { CompiledQuery, type Kysely, type KyselyPlugin } from 'kysely';

/** One node of a plan, from PostgreSQL's `explain`. */
export interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Actual Rows'?: number;
  'Shared Hit Blocks'?: number;
  'Shared Read Blocks'?: number;
  Plans?: PlanNode[];
}

export interface Explained {
  sql: string;
  plan: PlanNode;
  /** Every node of the plan, the topmost first. */
  nodes: PlanNode[];
  executionMs: number;
}

/** The statements that `work` sends, each with its plan. */
export async function explained<Database>(
  db: Kysely<Database>,
  work: (db: Kysely<Database>) => Promise<unknown>,
): Promise<Explained[]> {
  const sent: CompiledQuery[] = [];
  const recorder: KyselyPlugin = {
    transformQuery({ node, queryId }) {
      sent.push(db.getExecutor().compileQuery(node, queryId));
      return node;
    },
    transformResult: async ({ result }) => result,
  };
  await work(db.withPlugin(recorder));
  const plans: Explained[] = [];
  for (const { sql, parameters } of sent) plans.push(await explain(db, sql, parameters));
  return plans;
}

/** Explains a statement: executes it, unless it inserts, and rolls back. */
async function explain<Database>(
  db: Kysely<Database>,
  statement: string,
  parameters: readonly unknown[],
): Promise<Explained> {
  class Rollback extends Error {}
  let explanation: { Plan: PlanNode; 'Execution Time'?: number } | undefined;
  await db
    .transaction()
    .execute(async (transaction) => {
      // An insert cannot be repeated: its ids exist by now.
      const options = /\binsert into\b/i.test(statement) ? 'format json' : 'analyze, buffers, format json';
      const query = CompiledQuery.raw(`explain (${options}) ${statement}`, [...parameters]);
      const { rows } = await transaction.executeQuery<{ 'QUERY PLAN': [NonNullable<typeof explanation>] }>(query);
      [explanation] = rows[0]!['QUERY PLAN'];
      throw new Rollback();
    })
    .catch((error: unknown) => {
      if (!(error instanceof Rollback)) throw error;
    });
  const { Plan: plan, 'Execution Time': executionMs = 0 } = explanation!;
  return { sql: statement, plan, nodes: flattened(plan), executionMs };
}

const flattened = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(flattened)];
