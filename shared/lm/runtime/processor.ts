/** What this machine's processor can do, as far as it changes how ONNX Runtime should be set up. */
import { readFileSync } from "node:fs";

/** Flags of /proc/cpuinfo that stand for exact products of 8-bit numbers in one instruction. */
const DOT_PRODUCT_FLAGS = /\b(?:avx512_vnni|avx_vnni|amx_int8)\b/;

/**
 * Whether products of 8-bit numbers could saturate: x86 without VNNI adds pairs of them in 16 bits. Where it cannot be
 * told (x86 without /proc), the answer is yes, which costs speed only.
 */
export function mayProductsSaturate(
  architecture: string = process.arch,
  cpuInfo: string | undefined = readCpuInfo(),
): boolean {
  if (architecture !== "x64" && architecture !== "ia32") return false;
  return cpuInfo === undefined || !DOT_PRODUCT_FLAGS.test(cpuInfo);
}

function readCpuInfo(): string | undefined {
  try {
    return readFileSync("/proc/cpuinfo", "utf8");
  } catch {
    return undefined;
  }
}
