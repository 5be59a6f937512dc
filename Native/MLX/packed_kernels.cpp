// Products with packed matrices in instructions of x86-64-v3 (AVX2, FMA, F16C). Compiled without relaxed arithmetic, so that a
// row's result is the same in every tile.
#include "packed.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>

#define CX_V3 __attribute__((target("avx2,fma,f16c")))

namespace coxswain {

void in_parallel(size_t count, const std::function<void(size_t)> &body);

bool has_packed_products() {
  static const bool has = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
  return has;
}

namespace {

// Activations in blocks of 32: integers, the scale of each block, and for the minima the sum of what it stands for.
template <class Integer>
struct Activations {
  size_t inputs, blocks;
  std::vector<Integer> values;
  std::vector<float> scales, sums;

  Activations(size_t rows, size_t inputs)
      : inputs(inputs), blocks(inputs / 32), values(rows * inputs), scales(rows * blocks), sums(rows * blocks) {}
};

CX_V3 inline int32_t largest(__m256i v) {
  __m128i m = _mm_max_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  m = _mm_max_epi32(m, _mm_shuffle_epi32(m, 0x4e));
  return _mm_cvtsi128_si32(_mm_max_epi32(m, _mm_shuffle_epi32(m, 0xb1)));
}

CX_V3 inline int32_t total(__m256i v) {
  __m128i s = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
  return _mm_cvtsi128_si32(_mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1)));
}

// Rounds 32 values to integers of at most `most`. Returns the scale: NaN where a value is not finite, 0 where all are about 0.
CX_V3 inline float rounded(const float *x, float most, __m256i *integers) {
  const __m256i magnitude = _mm256_set1_epi32(0x7fffffff);
  __m256i top = _mm256_setzero_si256();
  for (int i = 0; i < 4; i++)
    top = _mm256_max_epi32(top, _mm256_and_si256(_mm256_castps_si256(_mm256_loadu_ps(x + 8 * i)), magnitude));
  const int32_t bits = largest(top);
  float peak;
  std::memcpy(&peak, &bits, sizeof peak);
  const bool is_finite = bits < 0x7f800000, is_zero = peak < 1e-30f;
  if (!is_finite || is_zero) {
    for (int i = 0; i < 4; i++) integers[i] = _mm256_setzero_si256();
    return is_finite ? 0.0f : NAN;
  }
  const __m256 factor = _mm256_set1_ps(most / peak);
  for (int i = 0; i < 4; i++) integers[i] = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x + 8 * i), factor));
  return peak / most;
}

CX_V3 void round_row(const float *x, size_t row, Activations<int8_t> &to) {
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  for (size_t block = 0; block < to.blocks; block++) {
    __m256i v[4];
    const float scale = rounded(x + 32 * block, 127, v);
    const __m256i sum = _mm256_add_epi32(_mm256_add_epi32(v[0], v[1]), _mm256_add_epi32(v[2], v[3]));
    const __m256i bytes = _mm256_packs_epi16(_mm256_packs_epi32(v[0], v[1]), _mm256_packs_epi32(v[2], v[3]));
    _mm256_storeu_si256(
      reinterpret_cast<__m256i *>(to.values.data() + row * to.inputs + 32 * block), _mm256_permutevar8x32_epi32(bytes, order));
    to.scales[row * to.blocks + block] = scale;
    to.sums[row * to.blocks + block] = scale * float(total(sum));
  }
}

CX_V3 void round_row(const float *x, size_t row, Activations<int16_t> &to) {
  for (size_t block = 0; block < to.blocks; block++) {
    __m256i v[4];
    to.scales[row * to.blocks + block] = rounded(x + 32 * block, 32767, v);
    auto out = reinterpret_cast<__m256i *>(to.values.data() + row * to.inputs + 32 * block);
    _mm256_storeu_si256(out, _mm256_permute4x64_epi64(_mm256_packs_epi32(v[0], v[1]), 0xd8));
    _mm256_storeu_si256(out + 1, _mm256_permute4x64_epi64(_mm256_packs_epi32(v[2], v[3]), 0xd8));
  }
}

template <class Integer>
CX_V3 inline __m256i four_bytes(const Integer *from) {
  int32_t bits;
  std::memcpy(&bits, from, sizeof bits);
  return _mm256_set1_epi32(bits);
}

CX_V3 inline __m256 halves(const uint8_t *from) {
  return _mm256_cvtph_ps(_mm_load_si128(reinterpret_cast<const __m128i *>(from)));
}

CX_V3 inline void store(float *to, __m256 values, size_t count) {
  if (count >= 8) return _mm256_storeu_ps(to, values);
  float all[8];
  _mm256_storeu_ps(all, values);
  std::copy_n(all, count, to);
}

// Asks for the block of the panels after these. A single row waits for memory, and the processor's own reading ahead stops at
// pages. Past the end it has no effect.
template <size_t Bytes, int C>
CX_V3 inline void fetch(const uint8_t *w, size_t stride) {
  for (int c = 0; c < C; c++)
    for (size_t line = 0; line < Bytes; line += 64)
      _mm_prefetch(reinterpret_cast<const char *>(w + (C + c) * stride + line), _MM_HINT_T0);
}

// R rows of activations times C panels of four-bit blocks. A product of two bytes is at most 15·127, so that the sixteen of a
// block that meet in one 16-bit sum cannot overflow it.
template <int R, int C>
CX_V3 void tile(const PackedMatrix &matrix, const Activations<int8_t> &x, size_t row, size_t panel, float *y) {
  const __m256i low = _mm256_set1_epi8(15), ones = _mm256_set1_epi16(1);
  const size_t stride = matrix.panel_bytes(), blocks = x.blocks;
  const uint8_t *w = matrix.panel(panel);
  const int8_t *values = x.values.data() + row * x.inputs;
  const float *scales = x.scales.data() + row * blocks, *sums = x.sums.data() + row * blocks;
  __m256 y_[R][C];
  for (int r = 0; r < R; r++)
    for (int c = 0; c < C; c++) y_[r][c] = _mm256_setzero_ps();
  for (size_t b = 0; b < blocks; b++, w += PackedMatrix::narrow_block, values += 32) {
    if (R == 1) fetch<PackedMatrix::narrow_block, C>(w, stride);
    __m256i s[R][C];
    for (int r = 0; r < R; r++)
      for (int c = 0; c < C; c++) s[r][c] = _mm256_setzero_si256();
#pragma clang loop unroll(disable)
    for (int g = 0; g < 4; g++) {
      __m256i first[C], last[C];
      for (int c = 0; c < C; c++) {
        const __m256i pairs = _mm256_load_si256(reinterpret_cast<const __m256i *>(w + c * stride + 32 * g));
        first[c] = _mm256_and_si256(pairs, low);
        last[c] = _mm256_and_si256(_mm256_srli_epi16(pairs, 4), low);
      }
      for (int r = 0; r < R; r++) {
        const __m256i a = four_bytes(values + r * x.inputs + 4 * g), b = four_bytes(values + r * x.inputs + 16 + 4 * g);
        for (int c = 0; c < C; c++) {
          s[r][c] = _mm256_add_epi16(s[r][c], _mm256_maddubs_epi16(first[c], a));
          s[r][c] = _mm256_add_epi16(s[r][c], _mm256_maddubs_epi16(last[c], b));
        }
      }
    }
    for (int c = 0; c < C; c++) {
      const __m256 d = halves(w + c * stride + 128), m = halves(w + c * stride + 144);
      for (int r = 0; r < R; r++) {
        const __m256 whole = _mm256_cvtepi32_ps(_mm256_madd_epi16(s[r][c], ones));
        y_[r][c] = _mm256_fmadd_ps(whole, _mm256_mul_ps(d, _mm256_set1_ps(scales[r * blocks + b])), y_[r][c]);
        y_[r][c] = _mm256_fmadd_ps(m, _mm256_set1_ps(sums[r * blocks + b]), y_[r][c]);
      }
    }
  }
  for (int r = 0; r < R; r++)
    for (int c = 0; c < C; c++) {
      const size_t output = 8 * (panel + c);
      store(y + (row + r) * matrix.outputs + output, y_[r][c], matrix.outputs - output);
    }
}

// The same with eight-bit blocks and activations of 16 bits. A block's sum is below 2^31.
template <int R, int C>
CX_V3 void tile(const PackedMatrix &matrix, const Activations<int16_t> &x, size_t row, size_t panel, float *y) {
  const size_t stride = matrix.panel_bytes(), blocks = x.blocks;
  const uint8_t *w = matrix.panel(panel);
  const int16_t *values = x.values.data() + row * x.inputs;
  const float *scales = x.scales.data() + row * blocks;
  __m256 y_[R][C];
  for (int r = 0; r < R; r++)
    for (int c = 0; c < C; c++) y_[r][c] = _mm256_setzero_ps();
  for (size_t b = 0; b < blocks; b++, w += PackedMatrix::wide_block, values += 32) {
    if (R == 1) fetch<PackedMatrix::wide_block, C>(w, stride);
    __m256i s[R][C];
    for (int r = 0; r < R; r++)
      for (int c = 0; c < C; c++) s[r][c] = _mm256_setzero_si256();
#pragma clang loop unroll(disable)
    for (int g = 0; g < 16; g++) {
      __m256i weights[C];
      for (int c = 0; c < C; c++)
        weights[c] = _mm256_cvtepi8_epi16(_mm_load_si128(reinterpret_cast<const __m128i *>(w + c * stride + 16 * g)));
      for (int r = 0; r < R; r++) {
        const __m256i pair = four_bytes(values + r * x.inputs + 2 * g);
        for (int c = 0; c < C; c++) s[r][c] = _mm256_add_epi32(s[r][c], _mm256_madd_epi16(weights[c], pair));
      }
    }
    for (int c = 0; c < C; c++) {
      const __m256 d = halves(w + c * stride + 256);
      for (int r = 0; r < R; r++)
        y_[r][c] = _mm256_fmadd_ps(
          _mm256_cvtepi32_ps(s[r][c]), _mm256_mul_ps(d, _mm256_set1_ps(scales[r * blocks + b])), y_[r][c]);
    }
  }
  for (int r = 0; r < R; r++)
    for (int c = 0; c < C; c++) {
      const size_t output = 8 * (panel + c);
      store(y + (row + r) * matrix.outputs + output, y_[r][c], matrix.outputs - output);
    }
}

template <int C, class Integer>
void column(const PackedMatrix &matrix, const Activations<Integer> &x, size_t rows, size_t panel, float *y) {
  size_t row = 0;
  for (; row + 4 <= rows; row += 4) tile<4, C>(matrix, x, row, panel, y);
  switch (rows - row) {
    case 3: return tile<3, C>(matrix, x, row, panel, y);
    case 2: return tile<2, C>(matrix, x, row, panel, y);
    case 1: return tile<1, C>(matrix, x, row, panel, y);
  }
}

template <class Integer>
void product_of(const PackedMatrix &matrix, const float *x, size_t rows, float *y) {
  Activations<Integer> activations(rows, matrix.inputs);
  const size_t together = rows < 32 ? rows : 16;
  in_parallel((rows + together - 1) / together, [&](size_t part) {
    for (size_t row = part * together; row < std::min(rows, (part + 1) * together); row++)
      round_row(x + row * matrix.inputs, row, activations);
  });
  const size_t panels = matrix.panels(), piece = std::max<size_t>(2, (panels / 8) & ~size_t(1));
  in_parallel((panels + piece - 1) / piece, [&](size_t part) {
    const size_t end = std::min(panels, (part + 1) * piece);
    size_t panel = part * piece;
    for (; panel + 2 <= end; panel += 2) column<2>(matrix, activations, rows, panel, y);
    if (panel < end) column<1>(matrix, activations, rows, panel, y);
  });
}

}  // namespace

void packed_product(const PackedMatrix &matrix, const float *x, size_t rows, float *y) {
  if (!has_packed_products()) throw std::runtime_error("this processor has no products with packed matrices");
  matrix.is_wide ? product_of<int16_t>(matrix, x, rows, y) : product_of<int8_t>(matrix, x, rows, y);
}

}  // namespace coxswain
#else
namespace coxswain {
bool has_packed_products() { return false; }
void packed_product(const PackedMatrix &, const float *, size_t, float *) {
  throw std::runtime_error("this processor has no products with packed matrices");
}
}  // namespace coxswain
#endif
