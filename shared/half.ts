/**
 * IEEE 754 binary16 and bfloat16 to and from binary32. Narrowing rounds to nearest, ties to even, as hardware does;
 * what is too large becomes infinity, NaN stays NaN (quiet).
 */
const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

function toBits(value: number): number {
  float[0] = value;
  return bits[0]!;
}

/** binary16 bits of a number. */
export function toHalf(value: number): number {
  const single = toBits(value);
  const sign = (single >>> 16) & 0x8000;
  const magnitude = single & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // 65520 is halfway between the largest half, 65504, and the next power of two.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  // Below 2^-14 halves are multiples of 2^-24, and scaling by 2^24 is exact.
  if (magnitude < 0x38800000) return sign | roundHalfEven(Math.abs(float[0]!) * 16777216);
  // Rebias the exponent (127 to 15) and drop 13 bits; a carry out of the mantissa rightly raises the exponent.
  return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

/** The number that binary16 bits stand for. Exact. */
export function fromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 31;
  const mantissa = half & 0x3ff;
  if (exponent === 31) return mantissa === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}

/** bfloat16 bits of a number. */
export function toBfloat16(value: number): number {
  const single = toBits(value);
  if ((single & 0x7fffffff) > 0x7f800000) return (single >>> 16) | 0x40;
  return (single + 0x7fff + ((single >>> 16) & 1)) >>> 16;
}

/** The number that bfloat16 bits stand for. Exact. */
export function fromBfloat16(brain: number): number {
  bits[0] = brain << 16;
  return float[0]!;
}

let halfTable: Float32Array | undefined;

/** The numbers that all 65,536 patterns of binary16 stand for. Not to be written to. */
export function halfValues(): Float32Array {
  halfTable ??= Float32Array.from({ length: 65536 }, (_, half) => fromHalf(half));
  return halfTable;
}

/** Widens a run of binary16 values into `target`. */
export function widenHalf(source: Uint16Array, target: Float32Array): void {
  const values = halfValues();
  for (let i = 0; i < source.length; i++) target[i] = values[source[i]!]!;
}

/** Widens a run of bfloat16 values into `target`. */
export function widenBfloat16(source: Uint16Array, target: Float32Array): void {
  const targetBits = new Uint32Array(target.buffer, target.byteOffset, target.length);
  for (let i = 0; i < source.length; i++) targetBits[i] = source[i]! << 16;
}

/** The largest finite number of binary16. */
export const MAX_HALF = 65504;

/**
 * Rounds numbers to binary16, once each, as `toHalf` does; a finite one beyond its range becomes the largest of its sign
 * instead of an infinity.
 */
export function narrowHalf(source: Float32Array, target: Uint16Array): void {
  const words = new Uint32Array(source.buffer, source.byteOffset, source.length);
  for (let i = 0; i < words.length; i++) {
    const magnitude = words[i]! & 0x7fffffff;
    const sign = (words[i]! >>> 16) & 0x8000;
    // What `toHalf` does with nearly all numbers, without its detour by a buffer.
    if (magnitude >= 0x38800000 && magnitude < 0x477ff000)
      target[i] = sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
    else target[i] = magnitude < 0x38800000 || magnitude >= 0x7f800000 ? toHalf(source[i]!) : sign | 0x7bff;
  }
}
