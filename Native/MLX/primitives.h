// The frame of a primitive that runs on the CPU: what to compute is a function of the inputs' and outputs' values.
#pragma once

#include "shim.h"

#include "mlx/allocator.h"
#include "mlx/backend/cpu/encoder.h"
#include "mlx/primitives.h"

namespace coxswain {

class CPUPrimitive : public mlx::core::Primitive {
 public:
  using Primitive::Primitive;

  void eval_gpu(const std::vector<mlx::core::array> &, std::vector<mlx::core::array> &) override {
    throw std::runtime_error("this operation runs on the CPU only");
  }

  void eval_cpu(const std::vector<mlx::core::array> &inputs, std::vector<mlx::core::array> &outputs) override {
    std::vector<const float *> in;
    std::vector<float *> out;
    for (auto &input : inputs) in.push_back(input.data<float>());
    for (auto &output : outputs) {
      output.set_data(mlx::core::allocator::malloc(output.nbytes()));
      out.push_back(output.data<float>());
    }
    compute(in, out, inputs);
  }

 protected:
  // Shares the evaluation's order: what is dispatched runs after everything that was dispatched before.
  void dispatch(std::function<void()> work) { mlx::core::cpu::get_command_encoder(stream()).dispatch(std::move(work)); }

  virtual void compute(
    const std::vector<const float *> &in, const std::vector<float *> &out,
    const std::vector<mlx::core::array> &inputs) = 0;
};

inline mlx::core::Stream stream_here() { return mlx::core::default_stream(mlx::core::Device::cpu); }

// Row-major floats, as every primitive here wants them.
inline mlx::core::array plain(const mlx::core::array &array) {
  if (array.dtype() != mlx::core::float32) throw std::invalid_argument("floats are expected");
  return mlx::core::contiguous(array);
}

template <class P, class... Arguments>
std::vector<mlx::core::array> outputs_of(
  std::vector<mlx::core::Shape> shapes, const std::vector<mlx::core::array> &inputs, Arguments &&...arguments) {
  std::vector<mlx::core::array> flat;
  for (auto &input : inputs) flat.push_back(plain(input));
  std::vector<mlx::core::Dtype> types(shapes.size(), mlx::core::float32);
  return mlx::core::array::make_arrays(
    std::move(shapes), types, std::make_shared<P>(stream_here(), std::forward<Arguments>(arguments)...), flat);
}

}  // namespace coxswain
