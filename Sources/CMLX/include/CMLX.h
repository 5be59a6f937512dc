// A C face of MLX (github.com/ml-explore/mlx) for Swift: arrays behind opaque handles, errors as messages instead of exceptions.
//
// Functions that return a handle give NULL, and those that return int give non-zero, where MLX threw; cx_last_error() then says
// what it threw. A handle is owned by whoever received it and released once by cx_release. Arrays are built and evaluated on one
// thread. MLX is found while the program runs: before cx_load every function fails.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cx_array cx_array;

// Opens MLX and the libraries of Native/MLX, by their paths. products: the one that has MLX's products of matrices done by the
// library `blas`; either may be NULL. Not zero where that failed, which cx_last_error() explains. Called by one thread, before
// the others.
int cx_load(const char *products, const char *blas, const char *mlx, const char *shim);

// What the last failed call of this thread threw.
const char *cx_last_error(void);

// MARK: Set-up and memory

// Which BLAS the products run on, a path or a name. `threads` is how many threads it and the loops here use.
const char *cx_blas(void);
void cx_set_threads(int threads);
// Whether a product of one row is one with a vector, where the BLAS is ours to choose; on at first. For comparisons.
void cx_set_vector_products(bool on);
size_t cx_active_memory(void);
size_t cx_peak_memory(void);
void cx_reset_peak_memory(void);

// MARK: Arrays

cx_array *cx_floats(const float *values, const int *shape, size_t rank);
cx_array *cx_integers(const int32_t *values, const int *shape, size_t rank);
cx_array *cx_full(float value, const int *shape, size_t rank);
// A second handle to the same array.
cx_array *cx_retained(const cx_array *array);
void cx_release(cx_array *array);
size_t cx_rank(const cx_array *array);
int cx_extent(const cx_array *array, size_t axis);
size_t cx_count(const cx_array *array);
// Evaluates, and copies all values out, in row-major order.
int cx_read_floats(const cx_array *array, float *values, size_t count);
int cx_read_integers(const cx_array *array, int32_t *values, size_t count);
int cx_evaluate(cx_array *const *arrays, size_t count);

// MARK: Operations

cx_array *cx_add(const cx_array *a, const cx_array *b);
cx_array *cx_subtract(const cx_array *a, const cx_array *b);
cx_array *cx_multiply(const cx_array *a, const cx_array *b);
cx_array *cx_divide(const cx_array *a, const cx_array *b);
cx_array *cx_maximum(const cx_array *a, const cx_array *b);
cx_array *cx_minimum(const cx_array *a, const cx_array *b);
cx_array *cx_exp(const cx_array *a);
cx_array *cx_log(const cx_array *a);
cx_array *cx_sqrt(const cx_array *a);
cx_array *cx_square(const cx_array *a);
cx_array *cx_stop_gradient(const cx_array *a);
cx_array *cx_matmul(const cx_array *a, const cx_array *b);
// a · bᵀ, for a of [m, k] and b of [n, k].
cx_array *cx_matmul_transposed(const cx_array *a, const cx_array *b);
cx_array *cx_transpose(const cx_array *a);
cx_array *cx_reshape(const cx_array *a, const int *shape, size_t rank);
cx_array *cx_sum(const cx_array *a, int axis, bool keeps);
cx_array *cx_sum_all(const cx_array *a);
// Rows (entries along axis 0) by their number.
cx_array *cx_rows(const cx_array *a, const cx_array *indices);
// One entry of each row: out[i] = a[i, indices[i]].
cx_array *cx_pick(const cx_array *a, const cx_array *indices);
cx_array *cx_concatenate(cx_array *const *arrays, size_t count, int axis);
cx_array *cx_rms_norm(const cx_array *x, const cx_array *weight, float epsilon);

// MARK: Operations of a transformer, written for the CPU and with gradients

// silu(gate) · up
cx_array *cx_swiglu(const cx_array *gate, const cx_array *up);
// log softmax over the last axis of [m, n].
cx_array *cx_log_softmax(const cx_array *logits);
// Causal attention inside each of `segments` consecutive runs of rows and to the runs before it that it continues (parents: the
// number of the run before, -1 for none), with rotary position embedding in Hugging Face's layout
// (first and second half of a head rotate together). q: [m, heads·d], k and v: [m, kv·d], cosine and sine: [m, d/2].
cx_array *cx_attention(
  const cx_array *q, const cx_array *k, const cx_array *v, const cx_array *cosine, const cx_array *sine, int heads,
  int kv_heads, const int *segments, const int *parents, size_t segment_count);

// MARK: Frozen matrices in the blocks of their file

// Whether this processor has the instructions for them.
bool cx_has_packed_products(void);

typedef struct cx_packed cx_packed;
// A matrix [outputs, inputs] from blocks of ggml's Q4_0 (type 2), Q4_1 (3) or Q8_0 (8), row by row; inputs: a multiple of 32.
cx_packed *cx_pack(int type, const void *blocks, size_t bytes, int outputs, int inputs);
void cx_packed_release(cx_packed *packed);
// x · packedᵀ for x of [m, inputs], with a gradient for x. Activations are rounded to 8 bits (four-bit blocks) or 16 bits
// (eight-bit blocks). A row's result does not depend on the others.
cx_array *cx_packed_product(const cx_packed *packed, const cx_array *x);
// A transformer layer's products before its attention, without gradients: norm(x) · matrixᵀ for each matrix.
int cx_packed_inputs(
  const cx_array *x, const cx_array *norm, float epsilon, const cx_packed *const *matrices, size_t count,
  cx_array **outputs);
// What comes after its attention, without gradients: y + (silu(z · gateᵀ) · (z · upᵀ)) · downᵀ, where
// y = x + attended · outputᵀ and z = norm(y).
cx_array *cx_packed_outputs(
  const cx_array *x, const cx_array *attended, const cx_array *norm, float epsilon, const cx_packed *output,
  const cx_packed *gate, const cx_packed *up, const cx_packed *down);
// Rows by their number, as 32-bit floats.
cx_array *cx_packed_rows(const cx_packed *packed, const int32_t *numbers, size_t count);

// MARK: A cache of keys and values in blocks that sequences share

typedef struct cx_cache cx_cache;
cx_cache *cx_cache_create(int layers, int kv_heads, int head_dimension, int block_tokens);
void cx_cache_release(cx_cache *cache);
// Makes room for `blocks` in all.
int cx_cache_reserve(cx_cache *cache, int blocks);
// The same attention where each sequence has a past in the cache: its new rows are rotated, written to the cache and attend to
// all before them. tables: for every sequence the numbers of its blocks, one after another; lengths: rows in the past; fresh:
// new rows. No gradients.
cx_array *cx_cached_attention(
  cx_cache *cache, int layer, const cx_array *q, const cx_array *k, const cx_array *v, const cx_array *cosine,
  const cx_array *sine, int heads, const int *fresh, const int *lengths, const int *table_sizes, const int *tables,
  size_t sequences);

// MARK: Figures of evaluated logits

// For each row of logits [m, n]: log-probability of its target, entropy in nats, and the `k` best tokens with their
// log-probabilities, best first. The distribution is softmax(logits / temperature), over all tokens or over the row's allowed
// ones (allowed: their numbers one row after another, allowed_sizes: how many, 0 for all; either NULL for none anywhere).
int cx_token_figures(
  const cx_array *logits, float temperature, const int32_t *targets, const int32_t *allowed, const int32_t *allowed_sizes,
  int k, float *log_probabilities, float *entropies, int32_t *best, float *best_log_probabilities);

// Draws a token for each row of logits [m, n]: from softmax(logits / temperature) over the row's allowed tokens, cut to the
// smallest set of the likeliest tokens that holds `top_p` of it; the likeliest where the temperature is 0. uniforms: one number
// in [0, 1) for each row. The log-probability is that of the uncut distribution (at temperature 1 where it is 0).
int cx_sample(
  const cx_array *logits, const float *temperatures, const float *top_p, const double *uniforms, const int32_t *allowed,
  const int32_t *allowed_sizes, int32_t *tokens, float *log_probabilities);

// MARK: Gradients

// A function of arrays. It must not keep its inputs, gives up ownership of its outputs, and returns non-zero where it failed.
typedef int (*cx_function)(void *context, cx_array *const *inputs, size_t count, cx_array **outputs, size_t output_count);
typedef void (*cx_release_context)(void *context);

// The outputs of `function` and the gradient of the first of them, a scalar, with respect to each input.
int cx_value_and_gradient(
  cx_function function, void *context, cx_array *const *inputs, size_t count, cx_array **outputs, size_t output_count,
  cx_array **gradients);
// `function` with its intermediate values dropped and computed again for gradients. The context is released when nothing needs
// it any more.
int cx_checkpoint(
  cx_function function, void *context, cx_release_context release, cx_array *const *inputs, size_t count,
  cx_array **outputs, size_t output_count);

#ifdef __cplusplus
}
#endif
