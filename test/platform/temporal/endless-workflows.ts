import { condition, defineSignal, setHandler, sleep } from '@temporalio/workflow';

/** The places in a workflow where code of ours can run for ever. */
export type Place = 'code' | 'microtasks' | 'condition' | 'signal' | 'afterTimer';

export const gone = defineSignal('gone');

/** Never yields again once it has got to `place`; in the end every place is one that the SDK calls into by itself. */
export async function endless(place: Place): Promise<void> {
  setHandler(gone, () => (place === 'signal' ? forEver() : undefined));
  if (place === 'code') forEver();
  if (place === 'microtasks') for (;;) await Promise.resolve();
  if (place === 'condition') await condition(forEver);
  if (place === 'afterTimer') await sleep(1).then(forEver);
  await condition(() => false);
}

/** Goes the ordinary way: waits, is told, ends. */
export async function orderly(): Promise<string> {
  let told = false;
  setHandler(gone, () => {
    told = true;
  });
  await sleep(1);
  await condition(() => told);
  return 'done';
}

function forEver(): never {
  for (;;);
}
