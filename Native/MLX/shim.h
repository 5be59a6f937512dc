// What the files of the shim share: handles, and exceptions turned into messages.

#include "CMLX.h"

#include "mlx/mlx.h"

#include <string>
#include <vector>

namespace coxswain {

extern thread_local std::string last_error;

inline const mlx::core::array &unwrap(const cx_array *array) {
  if (array == nullptr) throw std::invalid_argument("no array");
  return *reinterpret_cast<const mlx::core::array *>(array);
}

inline cx_array *wrap(mlx::core::array array) {
  return reinterpret_cast<cx_array *>(new mlx::core::array(std::move(array)));
}

inline std::vector<mlx::core::array> all(cx_array *const *arrays, size_t count) {
  std::vector<mlx::core::array> result;
  result.reserve(count);
  for (size_t i = 0; i < count; i++) result.push_back(unwrap(arrays[i]));
  return result;
}

template <class Body>
int status(Body body) {
  try {
    body();
    return 0;
  } catch (const std::exception &error) {
    last_error = error.what();
  } catch (...) {
    last_error = "an unknown exception";
  }
  return 1;
}

template <class Body>
cx_array *attempt(Body body) {
  cx_array *result = nullptr;
  status([&] { result = wrap(body()); });
  return result;
}

// Runs `body` for 0 ..< count on the threads that cx_set_threads asked for, and returns when all is done.
void in_parallel(size_t count, const std::function<void(size_t)> &body);

// An array's values in row-major order; its primitive's inputs are made contiguous when it is built.
inline const float *values(const mlx::core::array &array) { return array.data<float>(); }

}  // namespace coxswain
