// Attention on plain floats, shared by the two primitives that use it.
#pragma once

#include <cstddef>

extern "C" void cblas_sgemm(
  int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha, const float *a, int lda, const float *b,
  int ldb, float beta, float *c, int ldc);

namespace coxswain {

// c (m×n) = alpha · op(a) · op(b) + beta · c, row-major.
inline void product(
  bool transpose_a, bool transpose_b, int m, int n, int k, float alpha, const float *a, int lda, const float *b, int ldb,
  float beta, float *c, int ldc) {
  cblas_sgemm(101, transpose_a ? 112 : 111, transpose_b ? 112 : 111, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

// Rotates one head's vector of d values by its row's angles; `sign` -1 undoes it.
inline void rotate(const float *x, float *out, const float *cosine, const float *sine, size_t d, float sign) {
  const size_t half = d / 2;
  for (size_t i = 0; i < half; i++) {
    const float a = x[i], b = x[i + half], s = sign * sine[i];
    out[i] = a * cosine[i] - b * s;
    out[i + half] = b * cosine[i] + a * s;
  }
}

}  // namespace coxswain
