/// Widens `blocks` blocks of `source` into `values`. Both are as long as the type says: whoever calls has checked it.
typealias Dequantizer = (
  _ source: UnsafeRawBufferPointer, _ values: UnsafeMutableBufferPointer<Float>, _ blocks: Int
) -> Void

extension GGUFElementType {
  var dequantizer: Dequantizer? {
    switch self {
    case .f32: dequantizeF32
    case .f16: dequantizeF16
    case .bf16: dequantizeBF16
    case .q4_0: dequantizeQ4_0
    case .q4_1: dequantizeQ4_1
    case .q5_0: dequantizeQ5_0
    case .q5_1: dequantizeQ5_1
    case .q8_0: dequantizeQ8_0
    case .q4_K: dequantizeQ4_K
    case .q5_K: dequantizeQ5_K
    case .q6_K: dequantizeQ6_K
    default: nil
    }
  }
}

extension UnsafeRawPointer {
  @inline(__always)
  func half(at offset: Int) -> Float {
    widened(half: UInt16(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt16.self)))
  }

  @inline(__always)
  func byte(_ offset: Int) -> UInt8 { load(fromByteOffset: offset, as: UInt8.self) }
}

func dequantizeF32(_ source: UnsafeRawBufferPointer, _ values: UnsafeMutableBufferPointer<Float>, _ blocks: Int) {
  for i in 0..<blocks {
    let bits = UInt32(littleEndian: source.loadUnaligned(fromByteOffset: i * 4, as: UInt32.self))
    values.initializeElement(at: i, to: Float(bitPattern: bits))
  }
}

func dequantizeF16(_ source: UnsafeRawBufferPointer, _ values: UnsafeMutableBufferPointer<Float>, _ blocks: Int) {
  for i in 0..<blocks {
    let bits = UInt16(littleEndian: source.loadUnaligned(fromByteOffset: i * 2, as: UInt16.self))
    values.initializeElement(at: i, to: widened(half: bits))
  }
}

func dequantizeBF16(_ source: UnsafeRawBufferPointer, _ values: UnsafeMutableBufferPointer<Float>, _ blocks: Int) {
  for i in 0..<blocks {
    let bits = UInt16(littleEndian: source.loadUnaligned(fromByteOffset: i * 2, as: UInt16.self))
    values.initializeElement(at: i, to: widened(brain: bits))
  }
}
