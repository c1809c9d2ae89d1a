/** The result of an optional part of a response, or `fallback` if the part fails or takes longer than `timeoutMs`. */
export function withFallback<Result, Fallback>(
  part: Promise<Result>,
  { fallback, timeoutMs }: { fallback: Fallback; timeoutMs: number },
): Promise<Result | Fallback> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(fallback), timeoutMs);
    const finish = (result: Result | Fallback) => {
      clearTimeout(timer);
      resolve(result);
    };
    part.then(finish, () => finish(fallback));
  });
}
