/// Widens `blocks` blocks of `source` into `values`. The caller has checked that both have the length of the type.
typealias Dequantizer = (
  _ source: UnsafeRawBufferPointer, _ values: UnsafeMutableBufferPointer<Float>, _ blocks: Int
) -> Void

extension GGUFElementType {
  var dequantizer: Dequantizer? {
    switch self {
    case .f32: dequantizeF32
    case .f16: dequantizeF16
    case .bf16: dequantizeBF16
    case .q40: dequantizeQ40
    case .q41: dequantizeQ41
    case .q50: dequantizeQ50
    case .q51: dequantizeQ51
    case .q80: dequantizeQ80
    case .q4K: dequantizeQ4K
    case .q5K: dequantizeQ5K
    case .q6K: dequantizeQ6K
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
