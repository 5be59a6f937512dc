/// Widens the bits of an IEEE 754 half exactly. `Float16` is not used, because it is missing on some platforms and slow
/// if the compiler may not assume the instruction.
@inline(__always)
func widened(half bits: UInt16) -> Float {
  let magnitude = UInt32(bits & 0x7FFF) << 13
  let sign = UInt32(bits & 0x8000) << 16
  // Infinity and NaN keep their mantissa. All other values only need another exponent bias. A multiplication adjusts it
  // and is exact for subnormal numbers, too.
  let wide =
    bits & 0x7C00 == 0x7C00
    ? magnitude | 0x7F80_0000 : (Float(bitPattern: magnitude) * 0x1p112).bitPattern
  return Float(bitPattern: wide | sign)
}

/// Widens the bits of a bfloat16, which is the upper half of a 32-bit float.
@inline(__always)
func widened(brain bits: UInt16) -> Float {
  Float(bitPattern: UInt32(bits) << 16)
}
