// Run by test/run.ts instead of the test files in this folder. Each of them starts whole platforms, and two starts at once
// keep all cores of a small machine busy for so long that connections time out. Mocha runs the tests of one file one by one.
import { globSync } from 'node:fs';

for (const file of globSync('*.test.ts', { cwd: import.meta.dirname }).toSorted()) await import(`./${file}`);
