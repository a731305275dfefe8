/** `bench`: measurements that a user can repeat on models and problems of their own. */
import type { Command } from "commander";
import type { CommandContext } from "../context.js";
import { addBenchSwift } from "./bench-swift.js";

export function addBench(program: Command, context: CommandContext): void {
  const bench = program
    .command("bench")
    .description("Measures reward models on problems with known answers.");
  addBenchSwift(bench, context);
}
