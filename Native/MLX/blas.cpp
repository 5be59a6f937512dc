// The wheels of MLX for Linux carry the reference BLAS, which is some twenty-five times slower than a tuned one. This is a
// library of its own that is opened before MLX, so that the dynamic linker binds libmlx's cblas_sgemm to the definition below. It
// passes products on to an OpenBLAS where there is one.
#include "CMLX.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef __linux__
typedef void (*sgemm)(
  int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha, const float *a, int lda, const float *b,
  int ldb, float beta, float *c, int ldc);

typedef void (*sgemv)(
  int order, int transpose, int m, int n, float alpha, const float *a, int lda, const float *x, int incx, float beta,
  float *y, int incy);

namespace {
// What the installation has; chosen before the first product.
char chosen[4096] = "";

struct Library {
  const char *name = nullptr;
  sgemm product = nullptr;
  sgemv vector_product = nullptr;
  bool uses_vectors = true;
  void (*set_threads)(int) = nullptr;

  Library() {
    const char *candidates[] = {
      getenv("COXSWAIN_OPENBLAS"), chosen, "libopenblas.so.0", "libopenblas.so"};
    for (auto candidate : candidates) {
      void *handle = candidate && *candidate ? dlopen(candidate, RTLD_NOW | RTLD_LOCAL) : nullptr;
      if (handle == nullptr) continue;
      product = reinterpret_cast<sgemm>(symbol(handle, "cblas_sgemm", "scipy_cblas_sgemm"));
      vector_product = reinterpret_cast<sgemv>(symbol(handle, "cblas_sgemv", "scipy_cblas_sgemv"));
      set_threads =
        reinterpret_cast<void (*)(int)>(symbol(handle, "openblas_set_num_threads", "scipy_openblas_set_num_threads"));
      if (product) {
        name = candidate;
        return;
      }
    }
    product = reinterpret_cast<sgemm>(dlsym(RTLD_NEXT, "cblas_sgemm"));
    name = "the reference BLAS";
  }

  static void *symbol(void *handle, const char *plain, const char *prefixed) {
    void *found = dlsym(handle, prefixed);
    return found ? found : dlsym(handle, plain);
  }
};

Library &library() {
  static Library instance;
  return instance;
}
}  // namespace

extern "C" {

void cx_choose_blas(const char *path) {
  if (path != nullptr) snprintf(chosen, sizeof chosen, "%s", path);
}

void cblas_sgemm(
  int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha, const float *a, int lda, const float *b,
  int ldb, float beta, float *c, int ldc) {
  constexpr int row_major = 101, plain = 111, transposed = 112;
  auto &blas = library();
  // One row, as each token of one answer is: OpenBLAS packs the whole matrix for a product of matrices, and only reads it for one
  // with a vector.
  if (blas.vector_product && blas.uses_vectors && m == 1 && order == row_major && transpose_a == plain) {
    if (transpose_b == transposed)
      blas.vector_product(row_major, plain, n, k, alpha, b, ldb, a, 1, beta, c, 1);
    else
      blas.vector_product(row_major, transposed, k, n, alpha, b, ldb, a, 1, beta, c, 1);
    return;
  }
  blas.product(order, transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

void cx_set_vector_products(bool on) { library().uses_vectors = on; }

const char *cx_blas(void) { return library().name; }
void cx_set_blas_threads(int threads) {
  if (library().set_threads) library().set_threads(threads);
}

}  // extern "C"
#else
extern "C" const char *cx_blas(void) { return "Accelerate"; }
extern "C" void cx_set_blas_threads(int) {}
extern "C" void cx_set_vector_products(bool) {}
#endif
