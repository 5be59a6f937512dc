/// IEEE 754 half precision, given as its bits, widened exactly. Done by hand because `Float16` is not there on every
/// platform and is slow on those whose compiler may not assume the instruction.
@inline(__always)
func widened(half bits: UInt16) -> Float {
  let magnitude = UInt32(bits & 0x7FFF) << 13
  let sign = UInt32(bits & 0x8000) << 16
  // Infinity and NaN keep their mantissa; everything else only needs its exponent's bias changed, by a product, which
  // is right for subnormal numbers too.
  let wide =
    bits & 0x7C00 == 0x7C00
    ? magnitude | 0x7F80_0000 : (Float(bitPattern: magnitude) * 0x1p112).bitPattern
  return Float(bitPattern: wide | sign)
}

/// A number of bfloat16, given as its bits: the upper half of a 32-bit float.
@inline(__always)
func widened(brain bits: UInt16) -> Float {
  Float(bitPattern: UInt32(bits) << 16)
}
