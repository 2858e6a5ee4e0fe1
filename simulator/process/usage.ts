import { readFileSync } from "node:fs";

export interface Usage {
  readonly cpuUserSeconds: number;
  readonly cpuSystemSeconds: number;
  readonly memoryBytes: number;
}

const NOTHING: Usage = { cpuUserSeconds: 0, cpuSystemSeconds: 0, memoryBytes: 0 };
/** Clock ticks of Linux' process statistics: fixed for programs, whatever the kernel's own rate. */
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;

/** Processor time and resident memory of a process, as Linux tells; zeros where there is no /proc. */
export function usageOf(pid: number): Usage {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return {
      cpuUserSeconds: Number(fields[11]) / TICKS_PER_SECOND,
      cpuSystemSeconds: Number(fields[12]) / TICKS_PER_SECOND,
      memoryBytes: Number(fields[21]) * PAGE_BYTES,
    };
  } catch {
    return NOTHING;
  }
}
