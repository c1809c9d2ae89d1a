import path from 'node:path';
import { median, numberFrom } from './compare.ts';
import { benchFolder, startPlatform } from './platform.ts';
import { cpuSecondsOf } from './processes.ts';

// `node bench/studies/start.ts [--rounds R]`: starts the whole platform as `npm start` does, once cold and then R times warm.
// Prints what each start says of its phases, and the CPU of all its processes until it is ready.
const folder = benchFolder();
const seconds: number[] = [];
for (let round = 0; round <= numberFrom('--rounds', 3); round += 1) {
  const platform = await startPlatform(path.join(folder.path, 'data'));
  const cpuSeconds = cpuSecondsOf(platform.pid);
  await platform.close();
  process.stdout.write(`${round === 0 ? 'cold' : 'warm'} ${platform.phases}; ${cpuSeconds.toFixed(1)} s of CPU\n`);
  if (round > 0) seconds.push(Number(/up in ([\d.]+)/.exec(platform.phases)![1]));
}
process.stdout.write(`warm, median: ${median(seconds).toFixed(1)} s\n`);
folder.remove();
