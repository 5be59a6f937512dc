// Finds MLX and the library around it while the program runs, so that one program works with and without them.
//
// Native/MLX is compiled against MLX's headers into two libraries. This file has a function for each one of CMLX.h, which passes
// its arguments on to the function of that name in there.
#include "CMLX.h"

#include <dlfcn.h>
#include <stdio.h>

// Result, name, parameters, arguments, and what a failure returns.
#define CALLS(CALL) \
  CALL(void, cx_set_threads, (int threads), (threads), ) \
  CALL(void, cx_set_vector_products, (bool on), (on), ) \
  CALL(size_t, cx_active_memory, (void), (), 0) \
  CALL(size_t, cx_peak_memory, (void), (), 0) \
  CALL(void, cx_reset_peak_memory, (void), (), ) \
  CALL(cx_array *, cx_floats, (const float *values, const int *shape, size_t rank), (values, shape, rank), NULL) \
  CALL(cx_array *, cx_integers, (const int32_t *values, const int *shape, size_t rank), (values, shape, rank), NULL) \
  CALL(cx_array *, cx_full, (float value, const int *shape, size_t rank), (value, shape, rank), NULL) \
  CALL(cx_array *, cx_retained, (const cx_array *array), (array), NULL) \
  CALL(void, cx_release, (cx_array *array), (array), ) \
  CALL(size_t, cx_rank, (const cx_array *array), (array), 0) \
  CALL(int, cx_extent, (const cx_array *array, size_t axis), (array, axis), 0) \
  CALL(size_t, cx_count, (const cx_array *array), (array), 0) \
  CALL(int, cx_read_floats, (const cx_array *array, float *values, size_t count), (array, values, count), 1) \
  CALL(int, cx_read_integers, (const cx_array *array, int32_t *values, size_t count), (array, values, count), 1) \
  CALL(int, cx_evaluate, (cx_array *const *arrays, size_t count), (arrays, count), 1) \
  CALL(cx_array *, cx_add, (const cx_array *a, const cx_array *b), (a, b), NULL) \
  CALL(cx_array *, cx_subtract, (const cx_array *a, const cx_array *b), (a, b), NULL) \
  CALL(cx_array *, cx_multiply, (const cx_array *a, const cx_array *b), (a, b), NULL) \
  CALL(cx_array *, cx_divide, (const cx_array *a, const cx_array *b), (a, b), NULL) \
  CALL(cx_array *, cx_maximum, (const cx_array *a, const cx_array *b), (a, b), NULL) \
  CALL(cx_array *, cx_minimum, (const cx_array *a, const cx_array *b), (a, b), NULL) \
  CALL(cx_array *, cx_exp, (const cx_array *a), (a), NULL) \
  CALL(cx_array *, cx_log, (const cx_array *a), (a), NULL) \
  CALL(cx_array *, cx_sqrt, (const cx_array *a), (a), NULL) \
  CALL(cx_array *, cx_square, (const cx_array *a), (a), NULL) \
  CALL(cx_array *, cx_stop_gradient, (const cx_array *a), (a), NULL) \
  CALL(cx_array *, cx_matmul, (const cx_array *a, const cx_array *b), (a, b), NULL) \
  CALL(cx_array *, cx_matmul_transposed, (const cx_array *a, const cx_array *b), (a, b), NULL) \
  CALL(cx_array *, cx_transpose, (const cx_array *a), (a), NULL) \
  CALL(cx_array *, cx_reshape, (const cx_array *a, const int *shape, size_t rank), (a, shape, rank), NULL) \
  CALL(cx_array *, cx_sum, (const cx_array *a, int axis, bool keeps), (a, axis, keeps), NULL) \
  CALL(cx_array *, cx_sum_all, (const cx_array *a), (a), NULL) \
  CALL(cx_array *, cx_rows, (const cx_array *a, const cx_array *indices), (a, indices), NULL) \
  CALL(cx_array *, cx_pick, (const cx_array *a, const cx_array *indices), (a, indices), NULL) \
  CALL(cx_array *, cx_concatenate, (cx_array *const *arrays, size_t count, int axis), (arrays, count, axis), NULL) \
  CALL(cx_array *, cx_rms_norm, (const cx_array *x, const cx_array *weight, float epsilon), (x, weight, epsilon), NULL) \
  CALL(cx_array *, cx_swiglu, (const cx_array *gate, const cx_array *up), (gate, up), NULL) \
  CALL(cx_array *, cx_log_softmax, (const cx_array *logits), (logits), NULL) \
  CALL(cx_array *, cx_attention, (const cx_array *q, const cx_array *k, const cx_array *v, const cx_array *cosine, \
    const cx_array *sine, int heads, int kv_heads, const int *segments, const int *parents, size_t segment_count), (q, \
    k, v, cosine, sine, heads, kv_heads, segments, parents, segment_count), NULL) \
  CALL(bool, cx_has_packed_products, (void), (), false) \
  CALL(cx_packed *, cx_pack, (int type, const void *blocks, size_t bytes, int outputs, int inputs), (type, blocks, \
    bytes, outputs, inputs), NULL) \
  CALL(void, cx_packed_release, (cx_packed *packed), (packed), ) \
  CALL(cx_array *, cx_packed_product, (const cx_packed *packed, const cx_array *x), (packed, x), NULL) \
  CALL(int, cx_packed_inputs, (const cx_array *x, const cx_array *norm, float epsilon, \
    const cx_packed *const *matrices, size_t count, cx_array **outputs), (x, norm, epsilon, matrices, count, outputs), 1) \
  CALL(cx_array *, cx_packed_outputs, (const cx_array *x, const cx_array *attended, const cx_array *norm, \
    float epsilon, const cx_packed *output, const cx_packed *gate, const cx_packed *up, const cx_packed *down), (x, \
    attended, norm, epsilon, output, gate, up, down), NULL) \
  CALL(cx_array *, cx_packed_rows, (const cx_packed *packed, const int32_t *numbers, size_t count), (packed, numbers, \
    count), NULL) \
  CALL(cx_cache *, cx_cache_create, (int layers, int kv_heads, int head_dimension, int block_tokens), (layers, \
    kv_heads, head_dimension, block_tokens), NULL) \
  CALL(void, cx_cache_release, (cx_cache *cache), (cache), ) \
  CALL(int, cx_cache_reserve, (cx_cache *cache, int blocks), (cache, blocks), 1) \
  CALL(cx_array *, cx_cached_attention, (cx_cache *cache, int layer, const cx_array *q, const cx_array *k, \
    const cx_array *v, const cx_array *cosine, const cx_array *sine, int heads, const int *fresh, const int *lengths, \
    const int *table_sizes, const int *tables, size_t sequences), (cache, layer, q, k, v, cosine, sine, heads, fresh, \
    lengths, table_sizes, tables, sequences), NULL) \
  CALL(int, cx_token_figures, (const cx_array *logits, float temperature, const int32_t *targets, \
    const int32_t *allowed, const int32_t *allowed_sizes, int k, float *log_probabilities, float *entropies, \
    int32_t *best, float *best_log_probabilities), (logits, temperature, targets, allowed, allowed_sizes, k, \
    log_probabilities, entropies, best, best_log_probabilities), 1) \
  CALL(int, cx_sample, (const cx_array *logits, const float *temperatures, const float *top_p, const double *uniforms, \
    const int32_t *allowed, const int32_t *allowed_sizes, int32_t *tokens, float *log_probabilities), (logits, \
    temperatures, top_p, uniforms, allowed, allowed_sizes, tokens, log_probabilities), 1) \
  CALL(int, cx_value_and_gradient, (cx_function function, void *context, cx_array *const *inputs, size_t count, \
    cx_array **outputs, size_t output_count, cx_array **gradients), (function, context, inputs, count, outputs, \
    output_count, gradients), 1) \
  CALL(int, cx_checkpoint, (cx_function function, void *context, cx_release_context release, cx_array *const *inputs, \
    size_t count, cx_array **outputs, size_t output_count), (function, context, release, inputs, count, outputs, \
    output_count), 1)

#define POINTER(result, name, parameters, arguments, failed) result(*name) parameters;
static struct {
  const char *(*cx_last_error)(void);
  const char *(*cx_blas)(void);
  CALLS(POINTER)
} loaded;
static bool is_loaded = false;
static char problem[1024] = "no library of models in process was loaded";

#define PASS_ON(result, name, parameters, arguments, failed) \
  result name parameters { \
    if (!is_loaded) return failed; \
    return loaded.name arguments; \
  }
CALLS(PASS_ON)

const char *cx_last_error(void) { return is_loaded ? loaded.cx_last_error() : problem; }

const char *cx_blas(void) { return is_loaded ? loaded.cx_blas() : "none"; }

// Opens a library; its symbols are for those that are opened later if `is_global`.
static void *opened(const char *path, bool is_global) {
  void *library = dlopen(path, RTLD_NOW | (is_global ? RTLD_GLOBAL : RTLD_LOCAL));
  if (library == NULL) {
    const char *words = dlerror();
    snprintf(problem, sizeof problem, "%s", words ? words : path);
  }
  return library;
}

static void *found(void *shim, void *products, const char *name) {
  void *function = dlsym(shim, name);
  return function != NULL || products == NULL ? function : dlsym(products, name);
}

int cx_load(const char *products, const char *blas, const char *mlx, const char *shim) {
  if (is_loaded) return 0;
  // Before MLX, which binds its products of matrices to the first library that has them.
  void *multiplies = NULL;
  if (products != NULL) {
    if ((multiplies = opened(products, true)) == NULL) return 1;
    void (*choose)(const char *) = (void (*)(const char *))dlsym(multiplies, "cx_choose_blas");
    if (choose != NULL) choose(blas);
  }
  if (opened(mlx, true) == NULL) return 1;
  void *library = opened(shim, false);
  if (library == NULL) return 1;
#define FIND(result, name, parameters, arguments, failed) \
  if ((*(void **)&loaded.name = found(library, multiplies, #name)) == NULL) { \
    snprintf(problem, sizeof problem, "%s has no " #name ": it belongs to another version", shim); \
    return 1; \
  }
  FIND(, cx_last_error, , , )
  FIND(, cx_blas, , , )
  CALLS(FIND)
  const char *(*check)(void) = (const char *(*)(void))dlsym(library, "cx_check_version");
  const char *words = check ? check() : "it belongs to another version";
  if (words != NULL) {
    snprintf(problem, sizeof problem, "%s", words);
    return 1;
  }
  is_loaded = true;
  return 0;
}
