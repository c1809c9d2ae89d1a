import { readFileSync } from 'node:fs';

/** A process's resident memory in mebibytes, now and at its peak. Linux only. */
export function residentMemory(pid: number): { nowMib: number; peakMib: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mib = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)![1]) / 1_024;
  return { nowMib: mib('VmRSS'), peakMib: mib('VmHWM') };
}
