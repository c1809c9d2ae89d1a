import { BulkheadRejectedError, bulkhead } from 'cockatiel';

/**
 * Runs at most `concurrent` pieces of work at once and lets at most `queued` wait. More work is rejected with a fault:
 * the caller may try again later.
 */
export function createConcurrencyLimit({ concurrent, queued }: { concurrent: number; queued: number }) {
  const policy = bulkhead(concurrent, queued);

  return async function limited<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await policy.execute(work);
    } catch (error) {
      if (!(error instanceof BulkheadRejectedError)) throw error;
      throw new Error(`the queue is full: ${queued} are already waiting, try again later`, { cause: error });
    }
  };
}
