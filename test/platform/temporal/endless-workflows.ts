import { condition, defineSignal, setHandler, sleep } from '@temporalio/workflow';

/** The places in a workflow where our code can loop forever. */
export type Place = 'code' | 'microtasks' | 'condition' | 'signal' | 'afterTimer';

export const gone = defineSignal('gone');

/** Never yields again once it reaches `place`. The SDK enters each of these places separately. */
export async function endless(place: Place): Promise<void> {
  setHandler(gone, () => (place === 'signal' ? loopForever() : undefined));
  if (place === 'code') loopForever();
  if (place === 'microtasks') for (;;) await Promise.resolve();
  if (place === 'condition') await condition(loopForever);
  if (place === 'afterTimer') await sleep(1).then(loopForever);
  await condition(() => false);
}

/** Behaves normally: waits for a signal, then ends. */
export async function orderly(): Promise<string> {
  let signaled = false;
  setHandler(gone, () => {
    signaled = true;
  });
  await sleep(1);
  await condition(() => signaled);
  return 'done';
}

function loopForever(): never {
  for (;;);
}
