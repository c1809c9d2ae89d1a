/** "14:05 UTC on 3 May 2026" */
export function timeInWords(at: string): string {
  const date = new Date(at);
  const day = date.toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });
  return `${date.toISOString().slice(11, 16)} UTC on ${day}`;
}
