/** Progress on stderr: one line that is rewritten on a terminal, a line now and then elsewhere. */
export type Progress = (done: number, total: number) => void;

export function createProgress(label: string): Progress {
  const started = performance.now();
  let last = 0;
  return (done, total) => {
    const now = performance.now();
    const due = process.stderr.isTTY ? 200 : 10_000;
    if (done < total && now - last < due) return;
    last = now;
    const seconds = (now - started) / 1000;
    const left = ((total - done) * seconds) / Math.max(done, 1);
    const line = `${label}: ${done}/${total}, ${seconds.toFixed(0)} s, ${left.toFixed(0)} s left`;
    process.stderr.write(
      process.stderr.isTTY ? `\r\u001b[K${line}${done === total ? "\n" : ""}` : `${line}\n`,
    );
  };
}
