import { CompiledQuery, type Kysely, type KyselyPlugin } from 'kysely';

/** One step of a plan, as PostgreSQL explains it. */
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
  /** Every step of the plan, the topmost first. */
  nodes: PlanNode[];
  executionMs: number;
}

/** The statements that `work` sends, whoever wrote them, each with the plan that it is carried out by. */
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

/** Carries it out, unless it inserts, and takes back what that changed. */
async function explain<Database>(
  db: Kysely<Database>,
  statement: string,
  parameters: readonly unknown[],
): Promise<Explained> {
  class TakeBack extends Error {}
  let answer: { Plan: PlanNode; 'Execution Time'?: number } | undefined;
  await db
    .transaction()
    .execute(async (transaction) => {
      // What is inserted is there already, and its ids are taken.
      const how = /^insert/i.test(statement) ? 'format json' : 'analyze, buffers, format json';
      const asked = CompiledQuery.raw(`explain (${how}) ${statement}`, [...parameters]);
      const { rows } = await transaction.executeQuery<{ 'QUERY PLAN': [NonNullable<typeof answer>] }>(asked);
      [answer] = rows[0]!['QUERY PLAN'];
      throw new TakeBack();
    })
    .catch((error: unknown) => {
      if (!(error instanceof TakeBack)) throw error;
    });
  const { Plan: plan, 'Execution Time': executionMs = 0 } = answer!;
  return { sql: statement, plan, nodes: flattened(plan), executionMs };
}

const flattened = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(flattened)];
