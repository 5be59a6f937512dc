#include "primitives.h"
#include "vectors.h"

namespace mx = mlx::core;
using namespace coxswain;

namespace {

// Runs `body` for 0 ..< count in pieces: where each begins, and its size.
void in_pieces(size_t count, const std::function<void(size_t, size_t)> &body) {
  constexpr size_t piece = 1 << 14;
  in_parallel((count + piece - 1) / piece, [&](size_t part) {
    const size_t from = part * piece;
    body(from, std::min(piece, count - from));
  });
}

CX_CLONES void swiglu_gradient(
  const float *gate, const float *up, const float *slope, float *to_gate, float *to_up, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const float sigmoid = 1.0f / (1.0f + exponential(-gate[i]));
    const float silu = gate[i] * sigmoid;
    to_gate[i] = slope[i] * up[i] * (sigmoid + silu * (1.0f - sigmoid));
    to_up[i] = slope[i] * silu;
  }
}

CX_CLONES void subtract_constant(const float *x, float *out, float constant, size_t count) {
  for (size_t i = 0; i < count; i++) out[i] = x[i] - constant;
}

CX_CLONES void log_softmax_gradient(const float *result, const float *slope, float *out, size_t count) {
  float total = 0;
  for (size_t i = 0; i < count; i++) total += slope[i];
  for (size_t i = 0; i < count; i++) out[i] = slope[i] - exponential(result[i]) * total;
}

class SwiGLUGradient : public CPUPrimitive {
 public:
  using CPUPrimitive::CPUPrimitive;
  const char *name() const override { return "SwiGLUGradient"; }

 protected:
  void compute(
    const std::vector<const float *> &in, const std::vector<float *> &out,
    const std::vector<mx::array> &inputs) override {
    dispatch([in, out, count = inputs[0].size()] {
      in_pieces(count, [&](size_t from, size_t size) {
        swiglu_gradient(in[0] + from, in[1] + from, in[2] + from, out[0] + from, out[1] + from, size);
      });
    });
  }
};

class SwiGLU : public CPUPrimitive {
 public:
  using CPUPrimitive::CPUPrimitive;
  const char *name() const override { return "SwiGLU"; }

  std::vector<mx::array> vjp(
    const std::vector<mx::array> &primals, const std::vector<mx::array> &cotangents, const std::vector<int> &arguments,
    const std::vector<mx::array> &) override {
    auto both = outputs_of<SwiGLUGradient>(
      {primals[0].shape(), primals[1].shape()}, {primals[0], primals[1], cotangents[0]});
    std::vector<mx::array> result;
    for (int argument : arguments) result.push_back(both[argument]);
    return result;
  }

 protected:
  void compute(
    const std::vector<const float *> &in, const std::vector<float *> &out,
    const std::vector<mx::array> &inputs) override {
    dispatch([in, out, count = inputs[0].size()] {
      in_pieces(count, [&](size_t from, size_t size) {
        swiglu(in[0] + from, in[1] + from, out[0] + from, size);
      });
    });
  }
};

class LogSoftmaxGradient : public CPUPrimitive {
 public:
  using CPUPrimitive::CPUPrimitive;
  const char *name() const override { return "LogSoftmaxGradient"; }

 protected:
  void compute(
    const std::vector<const float *> &in, const std::vector<float *> &out,
    const std::vector<mx::array> &inputs) override {
    dispatch([in, out, rows = size_t(inputs[0].shape(0)), n = size_t(inputs[0].shape(1))] {
      in_parallel(rows, [&](size_t row) {
        log_softmax_gradient(in[0] + row * n, in[1] + row * n, out[0] + row * n, n);
      });
    });
  }
};

class LogSoftmax : public CPUPrimitive {
 public:
  using CPUPrimitive::CPUPrimitive;
  const char *name() const override { return "LogSoftmax"; }

  std::vector<mx::array> vjp(
    const std::vector<mx::array> &, const std::vector<mx::array> &cotangents, const std::vector<int> &,
    const std::vector<mx::array> &outputs) override {
    return outputs_of<LogSoftmaxGradient>({outputs[0].shape()}, {outputs[0], cotangents[0]});
  }

 protected:
  void compute(
    const std::vector<const float *> &in, const std::vector<float *> &out,
    const std::vector<mx::array> &inputs) override {
    dispatch([in, out, rows = size_t(inputs[0].shape(0)), n = size_t(inputs[0].shape(1))] {
      in_parallel(rows, [&](size_t row) {
        const float *x = in[0] + row * n;
        const float top = maximum(x, n);
        subtract_constant(x, out[0] + row * n, top + std::log(exponentials(x, nullptr, top, 1, n)), n);
      });
    });
  }
};

}  // namespace

extern "C" {

cx_array *cx_swiglu(const cx_array *gate, const cx_array *up) {
  return attempt([&] {
    auto &a = unwrap(gate), &b = unwrap(up);
    if (a.shape() != b.shape()) throw std::invalid_argument("swiglu: two shapes");
    return outputs_of<SwiGLU>({a.shape()}, {a, b})[0];
  });
}

cx_array *cx_log_softmax(const cx_array *logits) {
  return attempt([&] {
    auto &x = unwrap(logits);
    if (x.ndim() != 2 || x.shape(1) == 0) throw std::invalid_argument("log softmax: a matrix is expected");
    return outputs_of<LogSoftmax>({x.shape()}, {x})[0];
  });
}

}  // extern "C"
