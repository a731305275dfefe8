/** How much of the machine others take while something is measured: on a shared machine a time means nothing without it. */
import { cpus } from "node:os";

/** Milliseconds that all cores together have been busy since the machine started. */
const busyMs = (): number =>
  cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);

/** Starts watching; the function it returns gives the share of all cores that was not this process's, in [0, 1]. */
export function watchForeignLoad(): () => number {
  const [busy, own, start] = [busyMs(), process.cpuUsage(), performance.now()];
  return () => {
    const used = process.cpuUsage(own);
    const foreign = busyMs() - busy - (used.user + used.system) / 1000;
    return Math.max(0, foreign) / ((performance.now() - start) * cpus().length);
  };
}
