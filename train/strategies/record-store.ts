/** The solves of a run, kept on disk as soon as they are made, so that an interrupted run goes on where it stood. */
import { openJsonLines } from "../files.js";
import type { SolveRecord } from "./solve-record.js";

export interface RecordStore {
  find(arm: string, id: string, seed: number): SolveRecord | undefined;
  add(record: SolveRecord): Promise<void>;
  close(): Promise<void>;
}

/** One JSON line each. A last line that was being written when the process ended is dropped. */
export async function openRecordStore(path: string): Promise<RecordStore> {
  const { lines, file } = await openJsonLines(path);
  const records = new Map((lines as SolveRecord[]).map((record) => [keyOf(record), record]));
  return {
    find: (arm, id, seed) => records.get(keyOf({ arm, id, seed })),
    async add(record) {
      await file.append(record);
      records.set(keyOf(record), record);
    },
    close: () => file.close(),
  };
}

const keyOf = ({ arm, id, seed }: Pick<SolveRecord, "arm" | "id" | "seed">): string =>
  JSON.stringify([arm, id, seed]);
