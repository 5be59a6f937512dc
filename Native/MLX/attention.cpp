#include "attention.h"
#include "primitives.h"
#include "vectors.h"

namespace mx = mlx::core;
using namespace coxswain;

namespace {

struct Heads {
  int count, shared, d;
  // How many rows each segment has, and which earlier segment it continues (-1 for none).
  std::vector<int> segments, parents;
  size_t width() const { return size_t(count) * d; }
  size_t shared_width() const { return size_t(shared) * d; }
  int group() const { return count / shared; }
  float scale() const { return 1.0f / std::sqrt(float(d)); }

  // The rows that a segment's last row attends to: those of its ancestors, then its own.
  std::vector<std::vector<size_t>> seen() const {
    std::vector<std::vector<size_t>> result;
    size_t start = 0;
    for (size_t i = 0; i < segments.size(); i++) {
      auto rows = parents[i] < 0 ? std::vector<size_t>() : result[size_t(parents[i])];
      for (int row = 0; row < segments[i]; row++) rows.push_back(start++);
      result.push_back(std::move(rows));
    }
    return result;
  }
};

// One segment under one shared head: its rows' queries, and the keys and values of all rows they may attend to.
struct Segment {
  const std::vector<size_t> &seen;
  size_t count, total, d;
  std::vector<float> q, k, v, weights;

  Segment(const std::vector<size_t> &seen, size_t count, size_t d)
      : seen(seen), count(count), total(seen.size()), d(d), q(count * d), k(total * d), v(total * d), weights(count * total) {}

  size_t own(size_t row) const { return seen[total - count + row]; }

  void gather_keys(const std::vector<const float *> &in, size_t width, size_t offset) {
    for (size_t row = 0; row < total; row++) {
      const size_t place = seen[row];
      rotate(in[1] + place * width + offset, k.data() + row * d, in[3] + place * (d / 2), in[4] + place * (d / 2), d, 1);
      std::copy_n(in[2] + place * width + offset, d, v.data() + row * d);
    }
  }

  void gather_queries(const std::vector<const float *> &in, size_t width, size_t offset) {
    for (size_t row = 0; row < count; row++) {
      const size_t place = own(row);
      rotate(in[0] + place * width + offset, q.data() + row * d, in[3] + place * (d / 2), in[4] + place * (d / 2), d, 1);
    }
  }

  // weights = softmax(q·kᵀ·scale) under the causal mask
  void attend(float scale) {
    product(false, true, int(count), int(total), int(d), scale, q.data(), int(d), k.data(), int(d), 0, weights.data(), int(total));
    for (size_t row = 0; row < count; row++) {
      float *w = weights.data() + row * total;
      const size_t open = total - count + row + 1;
      const float sum = exponentials(w, w, maximum(w, open), 1, open);
      for (size_t i = 0; i < open; i++) w[i] /= sum;
      std::fill(w + open, w + total, 0.0f);
    }
  }
};

class AttentionGradient : public CPUPrimitive {
 public:
  AttentionGradient(mx::Stream stream, Heads heads) : CPUPrimitive(stream), heads_(std::move(heads)) {}
  const char *name() const override { return "AttentionGradient"; }

 protected:
  // in: q, k, v, cosine, sine, slope of the output; out: slopes of q, k, v
  void compute(
    const std::vector<const float *> &in, const std::vector<float *> &out, const std::vector<mx::array> &) override {
    dispatch([in, out, heads = heads_] {
      const auto seen = heads.seen();
      const size_t d = heads.d, width = heads.width(), narrow = heads.shared_width();
      size_t rows = 0;
      for (int count : heads.segments) rows += size_t(count);
      // One shared head at a time: what segments have in common, and the heads of a group, add up in the slopes of its keys and
      // values.
      in_parallel(size_t(heads.shared), [&](size_t shared) {
        std::vector<float> to_keys(rows * d, 0), to_values(rows * d, 0);
        for (size_t number = 0; number < seen.size(); number++) {
          Segment segment(seen[number], size_t(heads.segments[number]), d);
          const size_t count = segment.count, total = segment.total;
          const int n = int(count), t = int(total), depth = int(d);
          std::vector<float> slopes(count * total), slope(count * d), to_q(count * d), to_k(total * d, 0), to_v(total * d, 0);
          segment.gather_keys(in, narrow, shared * d);
          for (int member = 0; member < heads.group(); member++) {
            const size_t head = shared * heads.group() + member;
            segment.gather_queries(in, width, head * d);
            segment.attend(heads.scale());
            for (size_t row = 0; row < count; row++)
              std::copy_n(in[5] + segment.own(row) * width + head * d, d, slope.data() + row * d);
            product(true, false, t, depth, n, 1, segment.weights.data(), t, slope.data(), depth, 1, to_v.data(), depth);
            product(false, true, n, t, depth, 1, slope.data(), depth, segment.v.data(), depth, 0, slopes.data(), t);
            for (size_t row = 0; row < count; row++) {
              float *s = slopes.data() + row * total;
              const float *w = segment.weights.data() + row * total;
              const size_t open = total - count + row + 1;
              const float mean = dot(s, w, open);
              for (size_t i = 0; i < open; i++) s[i] = w[i] * (s[i] - mean);
              std::fill(s + open, s + total, 0.0f);
            }
            product(false, false, n, depth, t, heads.scale(), slopes.data(), t, segment.k.data(), depth, 0, to_q.data(), depth);
            product(true, false, t, depth, n, heads.scale(), slopes.data(), t, segment.q.data(), depth, 1, to_k.data(), depth);
            for (size_t row = 0; row < count; row++) {
              const size_t place = segment.own(row);
              rotate(
                to_q.data() + row * d, out[0] + place * width + head * d, in[3] + place * (d / 2), in[4] + place * (d / 2), d, -1);
            }
          }
          for (size_t row = 0; row < total; row++) {
            add_scaled(to_keys.data() + seen[number][row] * d, to_k.data() + row * d, 1, d);
            add_scaled(to_values.data() + seen[number][row] * d, to_v.data() + row * d, 1, d);
          }
        }
        for (size_t row = 0; row < rows; row++) {
          rotate(to_keys.data() + row * d, out[1] + row * narrow + shared * d, in[3] + row * (d / 2), in[4] + row * (d / 2), d, -1);
          std::copy_n(to_values.data() + row * d, d, out[2] + row * narrow + shared * d);
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
      const auto seen = heads.seen();
      const size_t d = heads.d, width = heads.width(), narrow = heads.shared_width();
      in_parallel(seen.size() * heads.shared, [&](size_t part) {
        const size_t shared = part % heads.shared, number = part / heads.shared;
        Segment segment(seen[number], size_t(heads.segments[number]), d);
        const int n = int(segment.count), t = int(segment.total);
        segment.gather_keys(in, narrow, shared * d);
        for (int member = 0; member < heads.group(); member++) {
          const size_t head = shared * heads.group() + member;
          segment.gather_queries(in, width, head * d);
          segment.attend(heads.scale());
          // A segment's own rows follow one another.
          product(
            false, false, n, int(d), t, 1, segment.weights.data(), t, segment.v.data(), int(d), 0,
            out[0] + segment.own(0) * width + head * d, int(width));
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
  int kv_heads, const int *segments, const int *parents, size_t segment_count) {
  return attempt([&] {
    auto &queries = unwrap(q), &keys = unwrap(k), &angles = unwrap(cosine);
    Heads shape{heads, kv_heads, heads > 0 && queries.ndim() == 2 ? queries.shape(1) / heads : 0,
                {segments, segments + segment_count}, {parents, parents + segment_count}};
    long rows = 0;
    for (size_t i = 0; i < segment_count; i++) {
      if (segments[i] <= 0) throw std::invalid_argument("attention: an empty segment");
      if (parents[i] >= int(i)) throw std::invalid_argument("attention: a segment that continues a later one");
      rows += segments[i];
    }
    const bool fits = heads > 0 && kv_heads > 0 && heads % kv_heads == 0 && shape.d % 2 == 0 && queries.ndim() == 2 &&
      queries.shape() == mx::Shape{int(rows), heads * shape.d} && keys.shape() == mx::Shape{int(rows), kv_heads * shape.d} &&
      unwrap(v).shape() == keys.shape() && angles.shape() == mx::Shape{int(rows), shape.d / 2} &&
      unwrap(sine).shape() == angles.shape();
    if (!fits) throw std::invalid_argument("attention: shapes do not fit together");
    return outputs_of<Attention>({queries.shape()}, {queries, keys, unwrap(v), angles, unwrap(sine)}, shape)[0];
  });
}
