// Frozen matrices whose blocks stay as small as in their file, and products with them. Blocks are those of ggml: 32 values with a
// scale in half precision, and in Q4_1 a minimum (source: ggml's `ggml-common.h`).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace coxswain {

// The numbers of ggml.
enum class BlockType { q4_0 = 2, q4_1 = 3, q8_0 = 8 };

// [outputs, inputs] in panels of eight outputs, which vector instructions multiply together. A block of a panel holds 32 inputs
// of each.
//
// Four bits: 4 × 32 bytes, each byte with two values of one output. Byte 4·o + i of the g-th 32 bytes holds input 4·g + i of
// output o in its lower half, and input 16 + 4·g + i in its upper half. Then eight scales, and eight minima.
// Eight bits: 16 × 16 bytes. Byte 2·o + i of the g-th 16 bytes holds input 2·g + i of output o. Then eight scales.
struct PackedMatrix {
  static constexpr size_t narrow_block = 160, wide_block = 272;

  PackedMatrix(BlockType type, const uint8_t *blocks, size_t bytes, int outputs, int inputs);

  size_t outputs, inputs;
  bool is_wide;
  std::unique_ptr<uint8_t[], void (*)(void *)> data{nullptr, nullptr};

  size_t blocks() const { return inputs / 32; }
  size_t panels() const { return (outputs + 7) / 8; }
  size_t block_bytes() const { return is_wide ? wide_block : narrow_block; }
  size_t panel_bytes() const { return blocks() * block_bytes(); }
  const uint8_t *panel(size_t number) const { return data.get() + number * panel_bytes(); }

  // One output's values, as 32-bit floats.
  void read(size_t output, float *values) const;
};

// Whether this processor has the instructions for `packed_product`.
bool has_packed_products();

// y [rows, outputs] = x [rows, inputs] · matrixᵀ. Activations are rounded to 8 bits (four-bit blocks) or 16 bits (eight-bit
// blocks) in blocks of 32, and sums of products in a block are exact. A row's result does not depend on the other rows or on the
// number of threads. Blocks of x that are not finite give NaN.
void packed_product(const PackedMatrix &matrix, const float *x, size_t rows, float *y);

// x [rows, inputs] = y [rows, outputs] · matrix, in 32-bit floats: the gradient of the product above.
void packed_product_transposed(const PackedMatrix &matrix, const float *y, size_t rows, float *x);

}  // namespace coxswain
