// ggml's k-quants: blocks of 256 values with a separate scale for each group of 32 (Q4_K, Q5_K) or 16 (Q6_K). Source:
// ggml's `ggml-common.h` and `ggml-quants.c`.

/// The scale and the minimum of group `group` of 8: six bits each, packed into twelve bytes.
@inline(__always)
private func scaleAndMinimum(_ packed: UnsafeRawPointer, _ group: Int) -> (scale: Float, minimum: Float) {
  if group < 4 { return (Float(packed.byte(group) & 63), Float(packed.byte(group + 4) & 63)) }
  let low = packed.byte(group + 4)
  return (Float(low & 15 | (packed.byte(group - 4) & 0xC0) >> 2), Float(low >> 4 | (packed.byte(group) & 0xC0) >> 2))
}

/// x = d·scale·q − dmin·minimum, q of 4 bits; 2 + 2 + 12 + 128 bytes. Two groups share 32 bytes, one nibble each.
func dequantizeQ4K(_ source: UnsafeRawBufferPointer, _ values: UnsafeMutableBufferPointer<Float>, _ blocks: Int) {
  guard var block = source.baseAddress, var out = values.baseAddress else { return }
  for _ in 0..<blocks {
    let d = block.half(at: 0)
    let dmin = block.half(at: 2)
    for pair in 0..<4 {
      let (low, lowMinimum) = scaleAndMinimum(block + 4, 2 * pair)
      let (high, highMinimum) = scaleAndMinimum(block + 4, 2 * pair + 1)
      let (lowScale, lowShift, highScale, highShift) = (d * low, dmin * lowMinimum, d * high, dmin * highMinimum)
      let quants = block + 16 + 32 * pair
      for i in 0..<32 {
        let byte = quants.byte(i)
        out[i] = lowScale * Float(Int32(byte & 15)) - lowShift
        out[i + 32] = highScale * Float(Int32(byte >> 4)) - highShift
      }
      out += 64
    }
    block += 144
  }
}

/// As Q4_K, with the fifth bits of group g in bit g of 32 bytes; 2 + 2 + 12 + 32 + 128 bytes.
func dequantizeQ5K(_ source: UnsafeRawBufferPointer, _ values: UnsafeMutableBufferPointer<Float>, _ blocks: Int) {
  guard var block = source.baseAddress, var out = values.baseAddress else { return }
  for _ in 0..<blocks {
    let d = block.half(at: 0)
    let dmin = block.half(at: 2)
    for pair in 0..<4 {
      let (low, lowMinimum) = scaleAndMinimum(block + 4, 2 * pair)
      let (high, highMinimum) = scaleAndMinimum(block + 4, 2 * pair + 1)
      let (lowScale, lowShift, highScale, highShift) = (d * low, dmin * lowMinimum, d * high, dmin * highMinimum)
      let quants = block + 48 + 32 * pair
      for i in 0..<32 {
        let byte = quants.byte(i)
        let fifth = block.byte(16 + i) >> UInt8(2 * pair)
        out[i] = lowScale * Float(Int32(byte & 15 | (fifth & 1) << 4)) - lowShift
        out[i + 32] = highScale * Float(Int32(byte >> 4 | (fifth & 2) << 3)) - highShift
      }
      out += 64
    }
    block += 176
  }
}

/// x = d·scale·(q − 32), q of 6 bits, scales signed; 128 (lower four bits) + 64 (upper two) + 16 (scales) + 2 bytes.
func dequantizeQ6K(_ source: UnsafeRawBufferPointer, _ values: UnsafeMutableBufferPointer<Float>, _ blocks: Int) {
  guard var block = source.baseAddress, var out = values.baseAddress else { return }
  for _ in 0..<blocks {
    let d = block.half(at: 208)
    for half in 0..<2 {
      let low = block + 64 * half
      let high = block + 128 + 32 * half
      let scales = block + 192 + 8 * half
      for i in 0..<32 {
        let (first, second, upper) = (low.byte(i), low.byte(i + 32), high.byte(i))
        let quants = (
          first & 15 | (upper & 3) << 4, second & 15 | (upper >> 2 & 3) << 4,
          first >> 4 | (upper >> 4 & 3) << 4, second >> 4 | (upper & 0xC0) >> 2
        )
        out[i] = d * scale(scales, i / 16) * Float(Int32(quants.0) - 32)
        out[i + 32] = d * scale(scales, i / 16 + 2) * Float(Int32(quants.1) - 32)
        out[i + 64] = d * scale(scales, i / 16 + 4) * Float(Int32(quants.2) - 32)
        out[i + 96] = d * scale(scales, i / 16 + 6) * Float(Int32(quants.3) - 32)
      }
      out += 128
    }
    block += 210
  }
}

@inline(__always)
private func scale(_ scales: UnsafeRawPointer, _ index: Int) -> Float {
  Float(Int32(Int8(bitPattern: scales.byte(index))))
}
