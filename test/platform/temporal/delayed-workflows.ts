import { condition, defineQuery, defineSignal, defineUpdate, setHandler } from '@temporalio/workflow';

export const news = defineSignal<[string]>('news');
export const ask = defineUpdate<string, [string]>('ask');
export const heard = defineQuery<string[]>('heard');

/** Ends when it is told `end`, by signal or update, and returns everything that it was told. */
export async function listener(): Promise<string[]> {
  const all: string[] = [];
  setHandler(heard, () => all);
  setHandler(news, (text) => {
    all.push(text);
  });
  setHandler(ask, (text) => {
    all.push(text);
    return `heard ${text}`;
  });
  await condition(() => all.includes('end'));
  return all;
}
