// ggml's blocks of 32 values: a scale d (half precision), a minimum m in the _1 types, and integers q of 4, 5 or 8
// bits. The lower nibbles hold the first 16 values, the upper ones the last 16. The fifth bits of all 32 values form a
// separate word. Source: ggml's `ggml-common.h` and `ggml-quants.c`; the formats are the same in all GGUF versions.

/// x = d·(q − 8); 2 + 16 bytes.
func dequantizeQ40(_ source: UnsafeRawBufferPointer, _ values: UnsafeMutableBufferPointer<Float>, _ blocks: Int) {
  guard var block = source.baseAddress, var out = values.baseAddress else { return }
  for _ in 0..<blocks {
    let d = block.half(at: 0)
    for i in 0..<16 {
      let pair = block.byte(2 + i)
      out[i] = d * Float(Int32(pair & 15) - 8)
      out[i + 16] = d * Float(Int32(pair >> 4) - 8)
    }
    block += 18
    out += 32
  }
}

/// x = d·q + m; 2 + 2 + 16 bytes.
func dequantizeQ41(_ source: UnsafeRawBufferPointer, _ values: UnsafeMutableBufferPointer<Float>, _ blocks: Int) {
  guard var block = source.baseAddress, var out = values.baseAddress else { return }
  for _ in 0..<blocks {
    let d = block.half(at: 0)
    let m = block.half(at: 2)
    for i in 0..<16 {
      let pair = block.byte(4 + i)
      out[i] = d * Float(Int32(pair & 15)) + m
      out[i + 16] = d * Float(Int32(pair >> 4)) + m
    }
    block += 20
    out += 32
  }
}

/// x = d·(q − 16); 2 + 4 + 16 bytes.
func dequantizeQ50(_ source: UnsafeRawBufferPointer, _ values: UnsafeMutableBufferPointer<Float>, _ blocks: Int) {
  guard var block = source.baseAddress, var out = values.baseAddress else { return }
  for _ in 0..<blocks {
    let d = block.half(at: 0)
    let high = UInt32(littleEndian: block.loadUnaligned(fromByteOffset: 2, as: UInt32.self))
    for i in 0..<16 {
      let pair = UInt32(block.byte(6 + i))
      let first = pair & 15 | (high >> UInt32(i) & 1) << 4
      let last = pair >> 4 | (high >> UInt32(i + 16) & 1) << 4
      out[i] = d * Float(Int32(bitPattern: first) - 16)
      out[i + 16] = d * Float(Int32(bitPattern: last) - 16)
    }
    block += 22
    out += 32
  }
}

/// x = d·q + m; 2 + 2 + 4 + 16 bytes.
func dequantizeQ51(_ source: UnsafeRawBufferPointer, _ values: UnsafeMutableBufferPointer<Float>, _ blocks: Int) {
  guard var block = source.baseAddress, var out = values.baseAddress else { return }
  for _ in 0..<blocks {
    let d = block.half(at: 0)
    let m = block.half(at: 2)
    let high = UInt32(littleEndian: block.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
    for i in 0..<16 {
      let pair = UInt32(block.byte(8 + i))
      out[i] = d * Float(pair & 15 | (high >> UInt32(i) & 1) << 4) + m
      out[i + 16] = d * Float(pair >> 4 | (high >> UInt32(i + 16) & 1) << 4) + m
    }
    block += 24
    out += 32
  }
}

/// x = d·q, q signed; 2 + 32 bytes.
func dequantizeQ80(_ source: UnsafeRawBufferPointer, _ values: UnsafeMutableBufferPointer<Float>, _ blocks: Int) {
  guard var block = source.baseAddress, var out = values.baseAddress else { return }
  for _ in 0..<blocks {
    let d = block.half(at: 0)
    for i in 0..<32 { out[i] = d * Float(Int32(Int8(bitPattern: block.byte(2 + i)))) }
    block += 34
    out += 32
  }
}
