#include "packed.h"

#include "attention.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <vector>

namespace coxswain {

void in_parallel(size_t count, const std::function<void(size_t)> &body);

namespace {

float widened(uint16_t half) {
  const uint32_t sign = uint32_t(half & 0x8000) << 16, exponent = half >> 10 & 31, fraction = half & 0x3ff;
  uint32_t bits;
  if (exponent == 0) {
    const float value = std::ldexp(float(fraction), -24);
    return sign ? -value : value;
  }
  bits = sign | (exponent == 31 ? 0x7f800000u : (exponent + 112) << 23) | fraction << 13;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

uint16_t half_at(const uint8_t *bytes) {
  uint16_t half;
  std::memcpy(&half, bytes, sizeof half);
  return half;
}

size_t bytes_of_block(BlockType type) {
  switch (type) {
    case BlockType::q4_0: return 18;
    case BlockType::q4_1: return 20;
    case BlockType::q8_0: return 34;
  }
  throw std::invalid_argument("packed matrix: blocks of another type");
}

// −8·d in half precision is exact, unless it overflows.
uint16_t times_minus_eight(uint16_t half) {
  const uint16_t sign = (half & 0x8000) ^ 0x8000, exponent = half >> 10 & 31;
  if (exponent > 27) throw std::invalid_argument("packed matrix: a scale is too large");
  if (exponent > 0) return uint16_t(sign | ((half & 0x7fff) + (3 << 10)));
  uint16_t fraction = uint16_t((half & 0x3ff) << 3), power = 0;
  for (; fraction >= 0x800; fraction >>= 1) power++;
  return uint16_t(sign | (fraction + (power << 10)));
}

}  // namespace

PackedMatrix::PackedMatrix(BlockType type, const uint8_t *source, size_t bytes, int outputs_, int inputs_)
    : outputs(size_t(outputs_)), inputs(size_t(inputs_)), is_wide(type == BlockType::q8_0) {
  const size_t each = bytes_of_block(type);
  if (outputs_ <= 0 || inputs_ <= 0 || inputs_ % 32 != 0 || bytes / each != outputs * blocks() || bytes % each != 0)
    throw std::invalid_argument("packed matrix: the blocks do not fill it");
  const size_t size = panels() * panel_bytes(), aligned = (size + 63) / 64 * 64;
  data = {static_cast<uint8_t *>(std::aligned_alloc(64, aligned)), std::free};
  if (!data) throw std::bad_alloc();
  std::memset(data.get(), 0, aligned);
  const size_t values = is_wide ? 256 : 128;
  for (size_t output = 0; output < outputs; output++) {
    const size_t o = output % 8;
    for (size_t number = 0; number < blocks(); number++) {
      const uint8_t *block = source + (output * blocks() + number) * each;
      uint8_t *to = data.get() + (output / 8) * panel_bytes() + number * block_bytes();
      std::memcpy(to + values + 2 * o, block, 2);
      if (is_wide) {
        for (size_t i = 0; i < 32; i++) to[i / 2 * 16 + 2 * o + i % 2] = block[2 + i];
        continue;
      }
      const uint16_t minimum = type == BlockType::q4_1 ? half_at(block + 2) : times_minus_eight(half_at(block));
      std::memcpy(to + values + 16 + 2 * o, &minimum, 2);
      // ggml keeps values i and 16 + i in one byte, too.
      const uint8_t *pairs = block + each - 16;
      for (size_t i = 0; i < 16; i++) to[i / 4 * 32 + 4 * o + i % 4] = pairs[i];
    }
  }
}

void PackedMatrix::read(size_t output, float *out) const {
  const uint8_t *from = panel(output / 8);
  const size_t o = output % 8;
  for (size_t number = 0; number < blocks(); number++, from += block_bytes(), out += 32) {
    if (is_wide) {
      const float d = widened(half_at(from + 256 + 2 * o));
      for (size_t i = 0; i < 32; i++) out[i] = d * float(int8_t(from[i / 2 * 16 + 2 * o + i % 2]));
      continue;
    }
    const float d = widened(half_at(from + 128 + 2 * o)), m = widened(half_at(from + 144 + 2 * o));
    for (size_t i = 0; i < 16; i++) {
      const uint8_t pair = from[i / 4 * 32 + 4 * o + i % 4];
      out[i] = d * float(pair & 15) + m;
      out[i + 16] = d * float(pair >> 4) + m;
    }
  }
}

void packed_product_transposed(const PackedMatrix &matrix, const float *y, size_t rows, float *x) {
  // As many outputs at a time as stay in the cache as floats.
  const size_t piece = 512, n = matrix.inputs;
  std::vector<float> weights(std::min(piece, matrix.outputs) * n);
  for (size_t start = 0; start < matrix.outputs; start += piece) {
    const size_t count = std::min(piece, matrix.outputs - start);
    in_parallel((count + 63) / 64, [&](size_t part) {
      for (size_t i = part * 64; i < std::min(count, part * 64 + 64); i++)
        matrix.read(start + i, weights.data() + i * n);
    });
    product(
      false, false, int(rows), int(n), int(count), 1, y + start, int(matrix.outputs), weights.data(), int(n),
      start ? 1 : 0, x, int(n));
  }
}

}  // namespace coxswain
