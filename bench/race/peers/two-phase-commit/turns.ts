export type Turns = <Result>(orderId: string, work: () => Promise<Result>) => Promise<Result>;

/** Has the works of one order run one after the other, in the order in which they came. */
export function createTurns(): Turns {
  const last = new Map<string, Promise<unknown>>();
  return async (orderId, work) => {
    const turn = (last.get(orderId) ?? Promise.resolve()).then(work, work);
    last.set(orderId, turn);
    try {
      return await turn;
    } finally {
      if (last.get(orderId) === turn) last.delete(orderId);
    }
  };
}
