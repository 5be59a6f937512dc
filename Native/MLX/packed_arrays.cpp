// Packed matrices as operands of MLX's arrays.
#include "packed_handle.h"

#include "primitives.h"

namespace mx = mlx::core;
using namespace coxswain;

namespace {

class PackedProductGradient : public CPUPrimitive {
 public:
  PackedProductGradient(mx::Stream stream, std::shared_ptr<const PackedMatrix> matrix)
      : CPUPrimitive(stream), matrix_(std::move(matrix)) {}
  const char *name() const override { return "PackedProductGradient"; }

 protected:
  void compute(
    const std::vector<const float *> &in, const std::vector<float *> &out,
    const std::vector<mx::array> &inputs) override {
    dispatch([in, out, matrix = matrix_, rows = size_t(inputs[0].shape(0))] {
      packed_product_transposed(*matrix, in[0], rows, out[0]);
    });
  }

 private:
  std::shared_ptr<const PackedMatrix> matrix_;
};

class PackedProduct : public CPUPrimitive {
 public:
  PackedProduct(mx::Stream stream, std::shared_ptr<const PackedMatrix> matrix)
      : CPUPrimitive(stream), matrix_(std::move(matrix)) {}
  const char *name() const override { return "PackedProduct"; }

  std::vector<mx::array> vjp(
    const std::vector<mx::array> &primals, const std::vector<mx::array> &cotangents, const std::vector<int> &,
    const std::vector<mx::array> &) override {
    return outputs_of<PackedProductGradient>({primals[0].shape()}, {cotangents[0]}, matrix_);
  }

 protected:
  void compute(
    const std::vector<const float *> &in, const std::vector<float *> &out,
    const std::vector<mx::array> &inputs) override {
    dispatch([in, out, matrix = matrix_, rows = size_t(inputs[0].shape(0))] {
      packed_product(*matrix, in[0], rows, out[0]);
    });
  }

 private:
  std::shared_ptr<const PackedMatrix> matrix_;
};

}  // namespace

extern "C" {

bool cx_has_packed_products(void) { return has_packed_products(); }

cx_packed *cx_pack(int type, const void *blocks, size_t bytes, int outputs, int inputs) {
  cx_packed *result = nullptr;
  status([&] {
    result = new cx_packed{std::make_shared<const PackedMatrix>(
      BlockType(type), static_cast<const uint8_t *>(blocks), bytes, outputs, inputs)};
  });
  return result;
}

void cx_packed_release(cx_packed *packed) { delete packed; }

cx_array *cx_packed_product(const cx_packed *packed, const cx_array *x) {
  return attempt([&] {
    auto &rows = unwrap(x);
    const auto &matrix = packed->matrix;
    if (rows.ndim() != 2 || size_t(rows.shape(1)) != matrix->inputs || rows.shape(0) == 0)
      throw std::invalid_argument("packed product: [rows, " + std::to_string(matrix->inputs) + "] is expected");
    return outputs_of<PackedProduct>({{rows.shape(0), int(matrix->outputs)}}, {rows}, matrix)[0];
  });
}

cx_array *cx_packed_rows(const cx_packed *packed, const int32_t *numbers, size_t count) {
  return attempt([&] {
    const auto &matrix = *packed->matrix;
    std::vector<float> values(count * matrix.inputs);
    for (size_t i = 0; i < count; i++) {
      if (numbers[i] < 0 || size_t(numbers[i]) >= matrix.outputs)
        throw std::invalid_argument("packed rows: a row outside the matrix");
      matrix.read(size_t(numbers[i]), values.data() + i * matrix.inputs);
    }
    return mx::array(values.data(), {int(count), int(matrix.inputs)}, mx::float32);
  });
}

}  // extern "C"
