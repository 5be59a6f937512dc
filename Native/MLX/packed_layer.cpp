// The two halves of a transformer layer around its attention, each as one operation. A pass with few rows otherwise spends a third
// of its time on building and running the graph.
#include "packed_handle.h"
#include "primitives.h"
#include "vectors.h"

namespace mx = mlx::core;
using namespace coxswain;

namespace {

using Matrix = std::shared_ptr<const PackedMatrix>;

std::vector<float> normalised(const float *x, const float *weight, float epsilon, size_t rows, size_t n) {
  std::vector<float> result(rows * n);
  for (size_t row = 0; row < rows; row++) {
    const float *from = x + row * n;
    scaled_products(from, weight, 1 / std::sqrt(dot(from, from, n) / float(n) + epsilon), result.data() + row * n, n);
  }
  return result;
}

class PackedInputs : public CPUPrimitive {
 public:
  PackedInputs(mx::Stream stream, float epsilon, std::vector<Matrix> matrices)
      : CPUPrimitive(stream), epsilon_(epsilon), matrices_(std::move(matrices)) {}
  const char *name() const override { return "PackedInputs"; }

 protected:
  // in: x, the norm's weight
  void compute(
    const std::vector<const float *> &in, const std::vector<float *> &out,
    const std::vector<mx::array> &inputs) override {
    dispatch([in, out, epsilon = epsilon_, matrices = matrices_, rows = size_t(inputs[0].shape(0))] {
      const auto x = normalised(in[0], in[1], epsilon, rows, matrices[0]->inputs);
      for (size_t i = 0; i < matrices.size(); i++) packed_product(*matrices[i], x.data(), rows, out[i]);
    });
  }

 private:
  float epsilon_;
  std::vector<Matrix> matrices_;
};

class PackedOutputs : public CPUPrimitive {
 public:
  PackedOutputs(mx::Stream stream, float epsilon, Matrix output, Matrix gate, Matrix up, Matrix down)
      : CPUPrimitive(stream), epsilon_(epsilon), output_(output), gate_(gate), up_(up), down_(down) {}
  const char *name() const override { return "PackedOutputs"; }

 protected:
  // in: x, what the heads attended to, the norm's weight
  void compute(
    const std::vector<const float *> &in, const std::vector<float *> &out,
    const std::vector<mx::array> &inputs) override {
    dispatch([in, out = out[0], epsilon = epsilon_, output = output_, gate = gate_, up = up_, down = down_,
              rows = size_t(inputs[0].shape(0))] {
      const size_t n = output->outputs, wide = gate->outputs;
      packed_product(*output, in[1], rows, out);
      add_scaled(out, in[0], 1, rows * n);
      const auto x = normalised(out, in[2], epsilon, rows, n);
      std::vector<float> first(rows * wide), second(rows * wide), added(rows * n);
      packed_product(*gate, x.data(), rows, first.data());
      packed_product(*up, x.data(), rows, second.data());
      in_parallel(rows, [&](size_t row) {
        swiglu(first.data() + row * wide, second.data() + row * wide, first.data() + row * wide, wide);
      });
      packed_product(*down, first.data(), rows, added.data());
      add_scaled(out, added.data(), 1, rows * n);
    });
  }

 private:
  float epsilon_;
  Matrix output_, gate_, up_, down_;
};

void expect(bool fits) {
  if (!fits) throw std::invalid_argument("packed layer: shapes do not fit together");
}

}  // namespace

extern "C" {

int cx_packed_inputs(
  const cx_array *x, const cx_array *norm, float epsilon, const cx_packed *const *matrices, size_t count,
  cx_array **outputs) {
  return status([&] {
    auto &rows = unwrap(x);
    expect(count > 0 && rows.ndim() == 2 && rows.shape(0) > 0 && unwrap(norm).shape() == mx::Shape{rows.shape(1)});
    std::vector<Matrix> all;
    std::vector<mx::Shape> shapes;
    for (size_t i = 0; i < count; i++) {
      all.push_back(matrices[i]->matrix);
      expect(all[i]->inputs == size_t(rows.shape(1)));
      shapes.push_back({rows.shape(0), int(all[i]->outputs)});
    }
    auto results = outputs_of<PackedInputs>(std::move(shapes), {rows, unwrap(norm)}, epsilon, std::move(all));
    for (size_t i = 0; i < count; i++) outputs[i] = wrap(results[i]);
  });
}

cx_array *cx_packed_outputs(
  const cx_array *x, const cx_array *attended, const cx_array *norm, float epsilon, const cx_packed *output,
  const cx_packed *gate, const cx_packed *up, const cx_packed *down) {
  return attempt([&] {
    auto &rows = unwrap(x), &heads = unwrap(attended);
    const auto &o = output->matrix, &g = gate->matrix, &u = up->matrix, &d = down->matrix;
    expect(rows.ndim() == 2 && rows.shape(0) > 0 && unwrap(norm).shape() == mx::Shape{rows.shape(1)});
    const size_t n = size_t(rows.shape(1));
    expect(heads.shape() == mx::Shape{rows.shape(0), int(o->inputs)} && o->outputs == n && g->inputs == n && u->inputs == n);
    expect(g->outputs == u->outputs && d->inputs == g->outputs && d->outputs == n);
    return outputs_of<PackedOutputs>({rows.shape()}, {rows, heads, unwrap(norm)}, epsilon, o, g, u, d)[0];
  });
}

}  // extern "C"
