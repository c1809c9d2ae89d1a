/** The answer of a part that the whole can do without, or `instead` where it fails or takes longer than this. */
export function withFallback<Answer, Substitute>(
  part: Promise<Answer>,
  { instead, patienceMs }: { instead: Substitute; patienceMs: number },
): Promise<Answer | Substitute> {
  return new Promise((resolve) => {
    const late = setTimeout(() => resolve(instead), patienceMs);
    const settle = (answer: Answer | Substitute) => {
      clearTimeout(late);
      resolve(answer);
    };
    part.then(settle, () => settle(instead));
  });
}
