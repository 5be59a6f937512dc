#ifdef COXSWAIN_OPEN_WEIGHTS
#include "attention.h"
#include "primitives.h"
#include "vectors.h"

namespace mx = mlx::core;
using namespace coxswain;

namespace {

struct Heads {
  int count, shared, d;
  std::vector<int> segments;
  size_t width() const { return size_t(count) * d; }
  size_t shared_width() const { return size_t(shared) * d; }
  int group() const { return count / shared; }
  float scale() const { return 1.0f / std::sqrt(float(d)); }
  bool operator==(const Heads &) const = default;
};

// What one segment works on: its rows' places, and room for the rotated queries and keys of one head and for its weights.
struct Rows {
  size_t start, count;
  std::vector<float> q, k, weights;

  Rows(size_t start, size_t count, size_t d) : start(start), count(count), q(count * d), k(count * d), weights(count * count) {}

  void gather(std::vector<float> &to, const float *from, size_t width, size_t offset, const float *cosine, const float *sine, size_t d) {
    for (size_t row = 0; row < count; row++) {
      const size_t place = start + row;
      rotate(from + place * width + offset, to.data() + row * d, cosine + place * (d / 2), sine + place * (d / 2), d, 1);
    }
  }

  // weights = softmax(q·kᵀ·scale) under the causal mask
  void attend(size_t d, float scale) {
    product(false, true, int(count), int(count), int(d), scale, q.data(), int(d), k.data(), int(d), 0, weights.data(), int(count));
    for (size_t row = 0; row < count; row++) {
      float *w = weights.data() + row * count;
      const size_t seen = row + 1;
      const float sum = exponentials(w, w, maximum(w, seen), 1, seen);
      for (size_t i = 0; i < seen; i++) w[i] /= sum;
      std::fill(w + seen, w + count, 0.0f);
    }
  }
};

std::vector<size_t> starts(const std::vector<int> &segments) {
  std::vector<size_t> result;
  size_t start = 0;
  for (int count : segments) {
    result.push_back(start);
    start += size_t(count);
  }
  return result;
}

class AttentionGradient : public CPUPrimitive {
 public:
  AttentionGradient(mx::Stream stream, Heads heads) : CPUPrimitive(stream), heads_(std::move(heads)) {}
  const char *name() const override { return "AttentionGradient"; }

 protected:
  // in: q, k, v, cosine, sine, slope of the output; out: slopes of q, k, v
  void compute(
    const std::vector<const float *> &in, const std::vector<float *> &out, const std::vector<mx::array> &) override {
    dispatch([in, out, heads = heads_] {
      const auto places = starts(heads.segments);
      const size_t d = heads.d, width = heads.width(), narrow = heads.shared_width();
      // One shared head of one segment at a time: the heads of its group add up in the slopes of its keys and values.
      in_parallel(places.size() * heads.shared, [&](size_t part) {
        const size_t shared = part % heads.shared, segment = part / heads.shared;
        Rows rows(places[segment], size_t(heads.segments[segment]), d);
        const size_t count = rows.count;
        const int n = int(count), depth = int(d);
        std::vector<float> slopes(count * count), to_q(count * d), to_k(count * d, 0);
        rows.gather(rows.k, in[1], narrow, shared * d, in[3], in[4], d);
        const float *v = in[2] + rows.start * narrow + shared * d;
        float *to_v = out[2] + rows.start * narrow + shared * d;
        for (int member = 0; member < heads.group(); member++) {
          const size_t head = shared * heads.group() + member;
          const float *slope = in[5] + rows.start * width + head * d;
          rows.gather(rows.q, in[0], width, head * d, in[3], in[4], d);
          rows.attend(d, heads.scale());
          product(true, false, n, depth, n, 1, rows.weights.data(), n, slope, int(width), member ? 1 : 0, to_v, int(narrow));
          product(false, true, n, n, depth, 1, slope, int(width), v, int(narrow), 0, slopes.data(), n);
          for (size_t row = 0; row < count; row++) {
            float *s = slopes.data() + row * count;
            const float *w = rows.weights.data() + row * count;
            const float mean = dot(s, w, row + 1);
            for (size_t i = 0; i <= row; i++) s[i] = w[i] * (s[i] - mean);
            std::fill(s + row + 1, s + count, 0.0f);
          }
          product(false, false, n, depth, n, heads.scale(), slopes.data(), n, rows.k.data(), depth, 0, to_q.data(), depth);
          product(true, false, n, depth, n, heads.scale(), slopes.data(), n, rows.q.data(), depth, 1, to_k.data(), depth);
          for (size_t row = 0; row < count; row++) {
            const size_t place = rows.start + row;
            rotate(to_q.data() + row * d, out[0] + place * width + head * d, in[3] + place * (d / 2), in[4] + place * (d / 2), d, -1);
          }
        }
        for (size_t row = 0; row < count; row++) {
          const size_t place = rows.start + row;
          rotate(to_k.data() + row * d, out[1] + place * narrow + shared * d, in[3] + place * (d / 2), in[4] + place * (d / 2), d, -1);
        }
      });
    });
  }

 private:
  Heads heads_;
};

class Attention : public CPUPrimitive {
 public:
  Attention(mx::Stream stream, Heads heads) : CPUPrimitive(stream), heads_(std::move(heads)) {}
  const char *name() const override { return "Attention"; }

  std::vector<mx::array> vjp(
    const std::vector<mx::array> &primals, const std::vector<mx::array> &cotangents, const std::vector<int> &arguments,
    const std::vector<mx::array> &) override {
    auto inputs = primals;
    inputs.push_back(cotangents[0]);
    auto slopes =
      outputs_of<AttentionGradient>({primals[0].shape(), primals[1].shape(), primals[2].shape()}, inputs, heads_);
    std::vector<mx::array> result;
    for (int argument : arguments) result.push_back(argument < 3 ? slopes[argument] : mx::zeros_like(primals[argument]));
    return result;
  }

 protected:
  void compute(
    const std::vector<const float *> &in, const std::vector<float *> &out, const std::vector<mx::array> &) override {
    dispatch([in, out, heads = heads_] {
      const auto places = starts(heads.segments);
      const size_t d = heads.d, width = heads.width(), narrow = heads.shared_width();
      in_parallel(places.size() * heads.shared, [&](size_t part) {
        const size_t shared = part % heads.shared, segment = part / heads.shared;
        Rows rows(places[segment], size_t(heads.segments[segment]), d);
        const int n = int(rows.count);
        rows.gather(rows.k, in[1], narrow, shared * d, in[3], in[4], d);
        const float *v = in[2] + rows.start * narrow + shared * d;
        for (int member = 0; member < heads.group(); member++) {
          const size_t head = shared * heads.group() + member;
          rows.gather(rows.q, in[0], width, head * d, in[3], in[4], d);
          rows.attend(d, heads.scale());
          product(
            false, false, n, int(d), n, 1, rows.weights.data(), n, v, int(narrow), 0, out[0] + rows.start * width + head * d,
            int(width));
        }
      });
    });
  }

 private:
  Heads heads_;
};

}  // namespace

extern "C" cx_array *cx_attention(
  const cx_array *q, const cx_array *k, const cx_array *v, const cx_array *cosine, const cx_array *sine, int heads,
  int kv_heads, const int *segments, size_t segment_count) {
  return attempt([&] {
    auto &queries = unwrap(q), &keys = unwrap(k), &angles = unwrap(cosine);
    Heads shape{heads, kv_heads, heads > 0 ? queries.shape(1) / heads : 0, {segments, segments + segment_count}};
    long rows = 0;
    for (int count : shape.segments) {
      if (count <= 0) throw std::invalid_argument("attention: an empty segment");
      rows += count;
    }
    const bool fits = heads > 0 && kv_heads > 0 && heads % kv_heads == 0 && shape.d % 2 == 0 && queries.ndim() == 2 &&
      queries.shape() == mx::Shape{int(rows), heads * shape.d} && keys.shape() == mx::Shape{int(rows), kv_heads * shape.d} &&
      unwrap(v).shape() == keys.shape() && angles.shape() == mx::Shape{int(rows), shape.d / 2} &&
      unwrap(sine).shape() == angles.shape();
    if (!fits) throw std::invalid_argument("attention: shapes do not fit together");
    return outputs_of<Attention>({queries.shape()}, {queries, keys, unwrap(v), angles, unwrap(sine)}, shape)[0];
  });
}
#endif
