import path from 'node:path';
import { print } from '../../tools/command-line.ts';
import { cpuSecondsOf } from '../cpu.ts';
import { median } from '../quantiles.ts';
import { scratchFolder } from '../scratch-folder.ts';
import { startWholePlatform } from '../whole-platform.ts';
import { studyOptions } from './options.ts';

// How long does `npm start` take?
//   node bench/studies/start.ts [--rounds R]
// Starts the whole platform once cold and then R times warm. Prints the phases of each start and the CPU of all its
// processes until it is ready, then the median of the warm starts.
const { rounds } = studyOptions({ rounds: 3 });
const folder = scratchFolder();
const warmSeconds: number[] = [];
for (let round = 0; round <= rounds; round += 1) {
  const platform = await startWholePlatform(path.join(folder.path, 'data'));
  const cpuSeconds = cpuSecondsOf(platform.pid);
  await platform.stop();
  print(`${round === 0 ? 'cold' : 'warm'} ${platform.phases}; ${cpuSeconds.toFixed(1)} s of CPU`);
  if (round > 0) warmSeconds.push(Number(/up in ([\d.]+)/.exec(platform.phases)![1]));
}
print(`warm, median: ${median(warmSeconds).toFixed(1)} s`);
folder.remove();
