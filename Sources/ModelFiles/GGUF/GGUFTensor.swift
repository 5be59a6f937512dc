/// A tensor's entry in GGUF's header.
package struct GGUFTensor: Sendable, Hashable {
  /// GGUF's own name, such as `blk.0.attn_q.weight`.
  package let name: String
  /// Row-major, outermost dimension first: GGUF's dimensions reversed.
  package let shape: [Int]
  package let type: GGUFElementType
  /// The byte range of its blocks in the file, checked to lie within it.
  package let range: Range<Int>

  /// The number of values.
  package var count: Int { shape.reduce(1, *) }
}

/// The element type of a tensor. The numbers are those of ggml's `ggml_type`.
package struct GGUFElementType: Sendable, Hashable {
  package let number: UInt32

  static let f32 = GGUFElementType(number: 0)
  static let f16 = GGUFElementType(number: 1)
  static let q40 = GGUFElementType(number: 2)
  static let q41 = GGUFElementType(number: 3)
  static let q50 = GGUFElementType(number: 6)
  static let q51 = GGUFElementType(number: 7)
  static let q80 = GGUFElementType(number: 8)
  static let q4K = GGUFElementType(number: 12)
  static let q5K = GGUFElementType(number: 13)
  static let q6K = GGUFElementType(number: 14)
  static let bf16 = GGUFElementType(number: 30)

  /// ggml's name of the type.
  package var name: String {
    GGUFElementType.layouts[number]?.name ?? "type \(number)"
  }

  /// Values and bytes of one block; nil for an unknown type.
  var block: (values: Int, bytes: Int)? {
    GGUFElementType.layouts[number].map { ($0.values, $0.bytes) }
  }

  /// Whether `GGUFFile.floats(of:)` can widen it.
  package var isSupported: Bool { dequantizer != nil }

  /// Includes types that cannot be widened, so that messages can name them. Source: ggml's `ggml.h` and
  /// `ggml-common.h`.
  private static let layouts: [UInt32: (name: String, values: Int, bytes: Int)] = [
    0: ("F32", 1, 4), 1: ("F16", 1, 2), 2: ("Q4_0", 32, 18), 3: ("Q4_1", 32, 20), 6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24), 8: ("Q8_0", 32, 34), 9: ("Q8_1", 32, 36), 10: ("Q2_K", 256, 84), 11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144), 13: ("Q5_K", 256, 176), 14: ("Q6_K", 256, 210), 15: ("Q8_K", 256, 292),
    16: ("IQ2_XXS", 256, 66), 17: ("IQ2_XS", 256, 74), 18: ("IQ3_XXS", 256, 98), 19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18), 21: ("IQ3_S", 256, 110), 22: ("IQ2_S", 256, 82), 23: ("IQ4_XS", 256, 136),
    24: ("I8", 1, 1), 25: ("I16", 1, 2), 26: ("I32", 1, 4), 27: ("I64", 1, 8), 28: ("F64", 1, 8),
    29: ("IQ1_M", 256, 56), 30: ("BF16", 1, 2), 34: ("TQ1_0", 256, 54), 35: ("TQ2_0", 256, 66),
    39: ("MXFP4", 32, 17),
  ]
}
