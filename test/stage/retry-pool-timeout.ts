/**
 * Retries after a timeout of the database pool, as a workflow does. For many concurrent calls, some of which on a slow
 * machine wait too long for one of the ten connections.
 */
export async function patiently<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error as Error).message.includes('timeout exceeded when trying to connect')) throw error;
    return patiently(work);
  }
}
