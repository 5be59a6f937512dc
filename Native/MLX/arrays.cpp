#include "shim.h"

#include "mlx/memory.h"
#include "mlx/version.h"

#include <mutex>

namespace mx = mlx::core;

namespace coxswain {
thread_local std::string last_error;
}

using coxswain::attempt;
using coxswain::status;
using coxswain::unwrap;
using coxswain::wrap;

static mx::Shape shape_of(const int *shape, size_t rank) {
  int64_t count = 1;
  for (size_t i = 0; i < rank; i++) {
    if (shape[i] < 0) throw std::invalid_argument("negative extent");
    count *= shape[i];
    if (count > (int64_t(1) << 40)) throw std::invalid_argument("more than 2^40 elements");
  }
  return mx::Shape(shape, shape + rank);
}

// Numbers below `extent`: MLX reads whatever lies there where one is not.
static mx::array inside(const mx::array &indices, int extent) {
  if (indices.dtype() != mx::int32) throw std::invalid_argument("indices are integers");
  auto flat = mx::contiguous(indices);
  mx::eval(flat);
  const int32_t *numbers = flat.data<int32_t>();
  for (size_t i = 0; i < flat.size(); i++)
    if (numbers[i] < 0 || numbers[i] >= extent)
      throw std::invalid_argument("the index " + std::to_string(numbers[i]) + " is not below " + std::to_string(extent));
  return flat;
}

extern "C" {

// MLX's C++ interface changes from version to version. NULL, or what is wrong.
const char *cx_check_version(void) {
  static std::string problem;
  std::string built = std::to_string(MLX_VERSION_MAJOR) + "." + std::to_string(MLX_VERSION_MINOR) + "." +
    std::to_string(MLX_VERSION_PATCH);
  std::string found = mx::version();
  if (found == built) return nullptr;
  problem = "MLX " + found + " is installed, and MLX " + built + " is needed";
  return problem.c_str();
}

const char *cx_last_error(void) { return coxswain::last_error.c_str(); }

size_t cx_active_memory(void) { return mx::get_active_memory(); }
size_t cx_peak_memory(void) { return mx::get_peak_memory(); }
void cx_reset_peak_memory(void) { mx::reset_peak_memory(); }

cx_array *cx_floats(const float *values, const int *shape, size_t rank) {
  return attempt([&] { return mx::array(values, shape_of(shape, rank), mx::float32); });
}

cx_array *cx_integers(const int32_t *values, const int *shape, size_t rank) {
  return attempt([&] { return mx::array(values, shape_of(shape, rank), mx::int32); });
}

cx_array *cx_full(float value, const int *shape, size_t rank) {
  return attempt([&] { return mx::full(shape_of(shape, rank), value, mx::float32); });
}

cx_array *cx_retained(const cx_array *array) {
  return attempt([&] { return unwrap(array); });
}

void cx_release(cx_array *array) { delete reinterpret_cast<mx::array *>(array); }

size_t cx_rank(const cx_array *array) { return unwrap(array).ndim(); }
int cx_extent(const cx_array *array, size_t axis) { return unwrap(array).shape(int(axis)); }
size_t cx_count(const cx_array *array) { return unwrap(array).size(); }

int cx_read_floats(const cx_array *array, float *values, size_t count) {
  return status([&] {
    auto flat = mx::contiguous(unwrap(array));
    mx::eval(flat);
    if (flat.dtype() != mx::float32 || flat.size() != count) throw std::invalid_argument("not that many floats");
    std::copy_n(flat.data<float>(), count, values);
  });
}

int cx_read_integers(const cx_array *array, int32_t *values, size_t count) {
  return status([&] {
    auto flat = mx::contiguous(unwrap(array));
    mx::eval(flat);
    if (flat.dtype() != mx::int32 || flat.size() != count) throw std::invalid_argument("not that many integers");
    std::copy_n(flat.data<int32_t>(), count, values);
  });
}

int cx_evaluate(cx_array *const *arrays, size_t count) {
  return status([&] { mx::eval(coxswain::all(arrays, count)); });
}

#define BINARY(NAME)                                              \
  cx_array *cx_##NAME(const cx_array *a, const cx_array *b) {     \
    return attempt([&] { return mx::NAME(unwrap(a), unwrap(b)); }); \
  }
#define UNARY(NAME) \
  cx_array *cx_##NAME(const cx_array *a) { return attempt([&] { return mx::NAME(unwrap(a)); }); }

BINARY(add)
BINARY(subtract)
BINARY(multiply)
BINARY(divide)
BINARY(maximum)
BINARY(minimum)
BINARY(matmul)
UNARY(exp)
UNARY(log)
UNARY(sqrt)
UNARY(square)
UNARY(stop_gradient)
UNARY(transpose)

cx_array *cx_matmul_transposed(const cx_array *a, const cx_array *b) {
  return attempt([&] { return mx::matmul(unwrap(a), mx::transpose(unwrap(b))); });
}

cx_array *cx_reshape(const cx_array *a, const int *shape, size_t rank) {
  return attempt([&] { return mx::reshape(unwrap(a), shape_of(shape, rank)); });
}

cx_array *cx_sum(const cx_array *a, int axis, bool keeps) {
  return attempt([&] { return mx::sum(unwrap(a), axis, keeps); });
}

cx_array *cx_sum_all(const cx_array *a) {
  return attempt([&] { return mx::sum(unwrap(a)); });
}

cx_array *cx_rows(const cx_array *a, const cx_array *indices) {
  return attempt([&] {
    if (unwrap(a).ndim() == 0) throw std::invalid_argument("a scalar has no rows");
    return mx::take(unwrap(a), inside(unwrap(indices), unwrap(a).shape(0)), 0);
  });
}

cx_array *cx_pick(const cx_array *a, const cx_array *indices) {
  return attempt([&] {
    auto &rows = unwrap(a), &numbers = unwrap(indices);
    if (rows.ndim() != 2 || numbers.ndim() != 1 || numbers.shape(0) != rows.shape(0))
      throw std::invalid_argument("a matrix and one index for each of its rows are expected");
    auto column = mx::expand_dims(inside(numbers, rows.shape(1)), 1);
    return mx::squeeze(mx::take_along_axis(rows, column, 1), 1);
  });
}

cx_array *cx_concatenate(cx_array *const *arrays, size_t count, int axis) {
  return attempt([&] { return mx::concatenate(coxswain::all(arrays, count), axis); });
}

cx_array *cx_rms_norm(const cx_array *x, const cx_array *weight, float epsilon) {
  return attempt([&] { return mx::fast::rms_norm(unwrap(x), unwrap(weight), epsilon); });
}

}  // extern "C"
