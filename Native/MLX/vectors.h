// Loops over floats that the compiler turns into vector instructions of the machine it runs on.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__) && defined(__linux__)
#define CX_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CX_CLONES
#endif

namespace coxswain {

// e^x to about two units in the last place, without a branch or a table, so that it vectorises; 0 below -87.
static inline __attribute__((always_inline)) float exponential(float x) {
  const float limited = x < -87.0f ? -87.0f : (x > 88.0f ? 88.0f : x);
  const float n = __builtin_rintf(limited * 1.44269504088896341f);
  const float r = limited - n * 0.693359375f + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  const int32_t bits = (int32_t(n) + 127) << 23;
  float scale;
  std::memcpy(&scale, &bits, sizeof scale);
  return x < -87.0f ? 0.0f : p * scale;
}

// The largest of `count` values; -inf of none.
float maximum(const float *x, size_t count);
// Sum of e^((x - shift) · scale), and the exponentials themselves where `out` is given (it may be x).
float exponentials(const float *x, float *out, float shift, float scale, size_t count);
float dot(const float *a, const float *b, size_t count);
// y += factor · x
void add_scaled(float *y, const float *x, float factor, size_t count);
// out = silu(gate) · up; out may be one of them.
void swiglu(const float *gate, const float *up, float *out, size_t count);
// out = x · factor · y
void scaled_products(const float *x, const float *y, float factor, float *out, size_t count);

}  // namespace coxswain
