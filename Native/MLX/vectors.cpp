#include "vectors.h"

namespace coxswain {

CX_CLONES float maximum(const float *x, size_t count) {
  float result = -INFINITY;
  for (size_t i = 0; i < count; i++) result = x[i] > result ? x[i] : result;
  return result;
}

CX_CLONES static float sum_of_exponentials(const float *x, float shift, float scale, size_t count) {
  float sum = 0;
  for (size_t i = 0; i < count; i++) sum += exponential((x[i] - shift) * scale);
  return sum;
}

CX_CLONES static float stored_exponentials(const float *x, float *out, float shift, float scale, size_t count) {
  float sum = 0;
  for (size_t i = 0; i < count; i++) {
    const float value = exponential((x[i] - shift) * scale);
    out[i] = value;
    sum += value;
  }
  return sum;
}

float exponentials(const float *x, float *out, float shift, float scale, size_t count) {
  return out ? stored_exponentials(x, out, shift, scale, count) : sum_of_exponentials(x, shift, scale, count);
}

CX_CLONES float dot(const float *a, const float *b, size_t count) {
  float sum = 0;
  for (size_t i = 0; i < count; i++) sum += a[i] * b[i];
  return sum;
}

CX_CLONES void add_scaled(float *y, const float *x, float factor, size_t count) {
  for (size_t i = 0; i < count; i++) y[i] += factor * x[i];
}

CX_CLONES void swiglu(const float *gate, const float *up, float *out, size_t count) {
  for (size_t i = 0; i < count; i++) out[i] = gate[i] / (1.0f + exponential(-gate[i])) * up[i];
}

CX_CLONES void scaled_products(const float *x, const float *y, float factor, float *out, size_t count) {
  for (size_t i = 0; i < count; i++) out[i] = x[i] * factor * y[i];
}

}  // namespace coxswain
