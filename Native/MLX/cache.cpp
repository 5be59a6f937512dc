#include "attention.h"
#include "primitives.h"
#include "vectors.h"

#include <memory>

namespace mx = mlx::core;
using namespace coxswain;

// Blocks of keys and values, each for `block` tokens of all layers. A block's floats, for every layer and shared head: the
// keys of its tokens one after another, then their values.
struct cx_storage {
  int layers, heads, d, block;
  std::vector<std::unique_ptr<float[]>> blocks;

  size_t head_size() const { return 2 * size_t(block) * d; }
  size_t size() const { return size_t(layers) * heads * head_size(); }
  float *keys(int number, int layer, int head) {
    return blocks[size_t(number)].get() + (size_t(layer) * heads + head) * head_size();
  }
  float *values(int number, int layer, int head) { return keys(number, layer, head) + size_t(block) * d; }
};

// What was built on a cache may be computed after its owner let go of it.
struct cx_cache {
  std::shared_ptr<cx_storage> storage;
};

namespace {

struct Sequence {
  int fresh, length;
  std::vector<int> table;
};

class CachedAttention : public CPUPrimitive {
 public:
  CachedAttention(mx::Stream stream, std::shared_ptr<cx_storage> cache, int layer, int heads, std::vector<Sequence> sequences)
      : CPUPrimitive(stream), cache_(std::move(cache)), layer_(layer), heads_(heads), sequences_(std::move(sequences)) {}
  const char *name() const override { return "CachedAttention"; }

 protected:
  void compute(
    const std::vector<const float *> &in, const std::vector<float *> &out, const std::vector<mx::array> &) override {
    dispatch([in, out, cache = cache_, layer = layer_, heads = heads_, sequences = sequences_] {
      std::vector<size_t> starts;
      size_t start = 0;
      for (auto &sequence : sequences) {
        starts.push_back(start);
        start += size_t(sequence.fresh);
      }
      in_parallel(sequences.size() * cache->heads, [&](size_t part) {
        const size_t number = part / cache->heads;
        attend(in, out[0], cache.get(), layer, heads, int(part % cache->heads), sequences[number], starts[number]);
      });
    });
  }

 private:
  static void attend(
    const std::vector<const float *> &in, float *out, cx_storage *cache, int layer, int heads, int shared,
    const Sequence &sequence, size_t start) {
    const size_t d = cache->d, block = cache->block, group = size_t(heads / cache->heads);
    const size_t width = size_t(heads) * d, narrow = size_t(cache->heads) * d, half = d / 2;
    const size_t fresh = sequence.fresh, past = sequence.length, total = past + fresh;
    const float scale = 1.0f / std::sqrt(float(d));
    for (size_t row = 0; row < fresh; row++) {
      const size_t place = past + row, from = start + row;
      const int number = sequence.table[place / block];
      rotate(
        in[1] + from * narrow + shared * d, cache->keys(number, layer, shared) + place % block * d, in[3] + from * half,
        in[4] + from * half, d, 1);
      std::copy_n(in[2] + from * narrow + shared * d, d, cache->values(number, layer, shared) + place % block * d);
    }
    std::vector<float> query(fresh * group * d), weights(fresh * group * total);
    for (size_t row = 0; row < fresh; row++)
      for (size_t member = 0; member < group; member++)
        rotate(
          in[0] + (start + row) * width + (shared * group + member) * d, query.data() + (row * group + member) * d,
          in[3] + (start + row) * half, in[4] + (start + row) * half, d, 1);
    const size_t rows = fresh * group, count = (total + block - 1) / block;
    for (size_t i = 0; i < count; i++) {
      const size_t size = std::min(block, total - i * block);
      const float *keys = cache->keys(sequence.table[i], layer, shared);
      if (rows >= 16) {
        product(
          false, true, int(rows), int(size), int(d), scale, query.data(), int(d), keys, int(d), 0, weights.data() + i * block,
          int(total));
      } else {
        for (size_t row = 0; row < rows; row++)
          for (size_t place = 0; place < size; place++)
            weights[row * total + i * block + place] = scale * dot(query.data() + row * d, keys + place * d, d);
      }
    }
    for (size_t row = 0; row < rows; row++) {
      float *w = weights.data() + row * total;
      const size_t seen = past + row / group + 1;
      const float sum = exponentials(w, w, maximum(w, seen), 1, seen);
      for (size_t i = 0; i < seen; i++) w[i] /= sum;
      std::fill(w + seen, w + total, 0.0f);
    }
    std::vector<float> result(rows * d, 0);
    for (size_t i = 0; i < count; i++) {
      const size_t size = std::min(block, total - i * block);
      const float *values = cache->values(sequence.table[i], layer, shared);
      if (rows >= 16) {
        product(
          false, false, int(rows), int(d), int(size), 1, weights.data() + i * block, int(total), values, int(d), 1,
          result.data(), int(d));
      } else {
        for (size_t row = 0; row < rows; row++)
          for (size_t place = 0; place < size; place++)
            add_scaled(result.data() + row * d, values + place * d, weights[row * total + i * block + place], d);
      }
    }
    for (size_t row = 0; row < fresh; row++)
      std::copy_n(result.data() + row * group * d, group * d, out + (start + row) * width + shared * group * d);
  }

  std::shared_ptr<cx_storage> cache_;
  int layer_, heads_;
  std::vector<Sequence> sequences_;
};

}  // namespace

extern "C" {

cx_cache *cx_cache_create(int layers, int kv_heads, int head_dimension, int block_tokens) {
  if (layers <= 0 || kv_heads <= 0 || head_dimension <= 0 || head_dimension % 2 != 0 || block_tokens <= 0) {
    last_error = "a cache of no size";
    return nullptr;
  }
  return new cx_cache{
    std::shared_ptr<cx_storage>(new cx_storage{layers, kv_heads, head_dimension, block_tokens, {}})};
}

void cx_cache_release(cx_cache *cache) { delete cache; }

int cx_cache_reserve(cx_cache *cache, int blocks) {
  return status([&] {
    if (blocks < 0) throw std::invalid_argument("a negative number of blocks");
    auto &storage = *cache->storage;
    // Left as they are, so that memory is touched only where it is used.
    while (storage.blocks.size() < size_t(blocks)) storage.blocks.emplace_back(new float[storage.size()]);
  });
}

cx_array *cx_cached_attention(
  cx_cache *owner, int layer, const cx_array *q, const cx_array *k, const cx_array *v, const cx_array *cosine,
  const cx_array *sine, int heads, const int *fresh, const int *lengths, const int *table_sizes, const int *tables,
  size_t sequences) {
  return attempt([&] {
    const auto cache = owner->storage;
    std::vector<Sequence> all;
    long rows = 0;
    const int *next = tables;
    for (size_t i = 0; i < sequences; i++) {
      Sequence sequence{fresh[i], lengths[i], {next, next + table_sizes[i]}};
      next += table_sizes[i];
      rows += sequence.fresh;
      bool inside = sequence.fresh > 0 && sequence.length >= 0 &&
        long(sequence.table.size()) * cache->block >= long(sequence.fresh) + sequence.length;
      for (int number : sequence.table) inside = inside && number >= 0 && size_t(number) < cache->blocks.size();
      if (!inside) throw std::invalid_argument("cached attention: a sequence outside its blocks");
      all.push_back(std::move(sequence));
    }
    auto &queries = unwrap(q), &keys = unwrap(k);
    const int d = cache->d;
    const bool fits = layer >= 0 && layer < cache->layers && heads > 0 && heads % cache->heads == 0 &&
      queries.shape() == mx::Shape{int(rows), heads * d} && keys.shape() == mx::Shape{int(rows), cache->heads * d} &&
      unwrap(v).shape() == keys.shape() && unwrap(cosine).shape() == mx::Shape{int(rows), d / 2} &&
      unwrap(sine).shape() == unwrap(cosine).shape();
    if (!fits) throw std::invalid_argument("cached attention: shapes do not fit together");
    return outputs_of<CachedAttention>(
      {queries.shape()}, {queries, keys, unwrap(v), unwrap(cosine), unwrap(sine)}, cache, layer, heads, std::move(all))[0];
  });
}

}  // extern "C"
