/** A calibration as its file, and the hash that it is known by. */
import { parseCalibration, toCalibrationFile } from "#verifier/plan/calibration/calibration-file.js";
import type { Calibrated } from "./calibrate.js";

/** Read again as the verifier will: what it would refuse is not written. */
export function signCalibration(
  calibrated: Calibrated,
  name: string,
): { readonly text: string; readonly hash: string } {
  const text = toCalibrationFile(calibrated);
  return { text, hash: parseCalibration(text, name).hash };
}
