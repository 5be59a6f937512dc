#include "shim.h"

#include <memory>

namespace mx = mlx::core;
using coxswain::status;

// A C function as one that MLX can differentiate. What it throws never crosses a Swift frame: Swift's side returns non-zero and
// keeps its own error.
static std::vector<mx::array> call(
  cx_function function, void *context, const std::vector<mx::array> &inputs, size_t output_count) {
  std::vector<cx_array *> handles;
  handles.reserve(inputs.size());
  for (auto &input : inputs) handles.push_back(coxswain::wrap(input));
  std::vector<cx_array *> outputs(output_count, nullptr);
  int failed = function(context, handles.data(), handles.size(), outputs.data(), output_count);
  for (auto handle : handles) cx_release(handle);
  std::vector<mx::array> result;
  for (auto output : outputs) {
    if (output == nullptr) {
      failed = 1;
      continue;
    }
    result.push_back(coxswain::unwrap(output));
    cx_release(output);
  }
  if (failed) throw std::runtime_error("the function failed");
  return result;
}

extern "C" {

int cx_value_and_gradient(
  cx_function function, void *context, cx_array *const *inputs, size_t count, cx_array **outputs, size_t output_count,
  cx_array **gradients) {
  return status([&] {
    std::vector<int> arguments(count);
    for (size_t i = 0; i < count; i++) arguments[i] = int(i);
    auto differentiated = mx::value_and_grad(
      [=](const std::vector<mx::array> &values) { return call(function, context, values, output_count); }, arguments);
    auto [values, slopes] = differentiated(coxswain::all(inputs, count));
    for (size_t i = 0; i < output_count; i++) outputs[i] = coxswain::wrap(values.at(i));
    for (size_t i = 0; i < count; i++) gradients[i] = coxswain::wrap(slopes.at(i));
  });
}

int cx_checkpoint(
  cx_function function, void *context, cx_release_context release, cx_array *const *inputs, size_t count,
  cx_array **outputs, size_t output_count) {
  return status([&] {
    std::shared_ptr<void> owner(context, release);
    auto body = mx::checkpoint([=](const std::vector<mx::array> &values) {
      return call(function, owner.get(), values, output_count);
    });
    auto values = body(coxswain::all(inputs, count));
    for (size_t i = 0; i < output_count; i++) outputs[i] = coxswain::wrap(values.at(i));
  });
}

}  // extern "C"
