/**
 * For many who ask at once. On a slow machine some wait longer for one of the pool's ten connections than it lets them:
 * a fault, after which a workflow asks again.
 */
export async function patiently<Answer>(work: () => Promise<Answer>): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    if (!(error as Error).message.includes('timeout exceeded when trying to connect')) throw error;
    return patiently(work);
  }
}
