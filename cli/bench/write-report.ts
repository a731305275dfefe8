/** The files of a report. */
import { join } from "node:path";
import { writeWhole } from "#train/files.js";
import { toHtml } from "#train/strategies/report/page.js";
import { toSvg } from "#train/strategies/report/picture.js";
import type { StrategiesReport } from "#train/strategies/report/report.js";

/** Beside the solves; whole or not at all. */
export async function writeReport(directory: string, report: StrategiesReport): Promise<void> {
  await writeWhole(join(directory, "report.json"), `${JSON.stringify(report, undefined, 1)}\n`);
  await writeWhole(join(directory, "report.html"), toHtml(report));
  const picture = toSvg(report);
  if (picture !== undefined) await writeWhole(join(directory, "report.svg"), picture);
}
