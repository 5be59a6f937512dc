// What is read off evaluated logits without building arrays: figures of given tokens, and tokens drawn.
#include "primitives.h"
#include "vectors.h"

#include <algorithm>
#include <atomic>
#include <numeric>

namespace mx = mlx::core;
using namespace coxswain;

namespace {

constexpr const char *not_finite = "the logits are not all finite; the weights or the adapter are broken";

// Rows of evaluated logits, and which tokens each may take.
struct Logits {
  mx::array array;
  size_t rows, vocabulary;
  const int32_t *allowed;
  std::vector<size_t> starts;

  Logits(const cx_array *logits, const int32_t *allowed, const int32_t *sizes)
      : array(plain(unwrap(logits))), allowed(allowed) {
    if (array.ndim() != 2) throw std::invalid_argument("logits are a matrix");
    mx::eval(array);
    rows = array.shape(0);
    vocabulary = array.shape(1);
    if (vocabulary == 0) throw std::invalid_argument("logits of no token");
    starts.assign(rows + 1, 0);
    for (size_t row = 0; row < rows && allowed && sizes; row++) {
      if (sizes[row] < 0) throw std::invalid_argument("a negative number of tokens");
      starts[row + 1] = starts[row] + size_t(sizes[row]);
    }
    for (size_t i = 0; i < starts[rows]; i++) check(allowed[i]);
  }

  void check(int32_t token) const {
    if (token < 0 || size_t(token) >= vocabulary) throw std::invalid_argument("a token outside the vocabulary");
  }
};

// One row's distribution over the tokens it may take: softmax(logits / temperature).
struct Row {
  const int32_t *names = nullptr;
  std::vector<float> logits, shares;
  float top, scale, sum;

  Row(const Logits &all, size_t row, float temperature) : scale(1 / temperature) {
    const float *z = all.array.data<float>() + row * all.vocabulary;
    const size_t few = all.starts[row + 1] - all.starts[row];
    if (few) {
      names = all.allowed + all.starts[row];
      for (size_t i = 0; i < few; i++) logits.push_back(z[names[i]]);
    } else {
      logits.assign(z, z + all.vocabulary);
    }
    shares.resize(logits.size());
    top = maximum(logits.data(), logits.size());
    sum = exponentials(logits.data(), shares.data(), top, scale, logits.size());
  }

  // False where a logit is no number, infinite, or beyond what the temperature can be divided by.
  bool is_distribution() const { return sum > 0 && std::isfinite(sum); }
  size_t count() const { return logits.size(); }
  int32_t token(size_t place) const { return names ? names[place] : int32_t(place); }
  float log_probability(size_t place) const { return (logits[place] - top) * scale - std::log(sum); }

  // log Z − Σ p·z
  float entropy() const {
    double mean = 0;
    for (size_t i = 0; i < count(); i++)
      if (shares[i] > 0) mean += double(shares[i]) * ((logits[i] - top) * scale);
    return float(std::max(0.0, std::log(double(sum)) - mean / sum));
  }

  // Where `token` stands, or count().
  size_t place(int32_t token) const {
    return names ? size_t(std::find(names, names + count(), token) - names) : size_t(token);
  }

  // The `wanted` likeliest, best first; of equals the smaller place.
  std::vector<size_t> best(size_t wanted) const {
    std::vector<size_t> order(count());
    std::iota(order.begin(), order.end(), 0);
    wanted = std::min(wanted, count());
    std::partial_sort(order.begin(), order.begin() + wanted, order.end(), [this](size_t a, size_t b) {
      return logits[a] > logits[b] || (logits[a] == logits[b] && a < b);
    });
    order.resize(wanted);
    return order;
  }

  // The place at which the shares of `order` (all places where it is empty) first exceed `point` of their mass.
  size_t at(double point, const std::vector<size_t> &order) const {
    const size_t size = order.empty() ? count() : order.size();
    double mass = 0;
    for (size_t i = 0; i < size; i++) mass += shares[order.empty() ? i : order[i]];
    double left = point * mass;
    size_t last = 0;
    for (size_t i = 0; i < size; i++) {
      const size_t place = order.empty() ? i : order[i];
      if (shares[place] <= 0) continue;
      last = place;
      left -= shares[place];
      if (left < 0) break;
    }
    return last;
  }

  // The likeliest tokens that hold `top_p` of the mass together.
  std::vector<size_t> nucleus(float top_p) const {
    for (size_t wanted = 64;; wanted *= 8) {
      auto order = best(wanted);
      double mass = 0;
      for (size_t i = 0; i < order.size(); i++) {
        mass += shares[order[i]] / double(sum);
        if (mass >= top_p) {
          order.resize(i + 1);
          return order;
        }
      }
      if (order.size() == count()) return order;
    }
  }
};

}  // namespace

extern "C" {

int cx_token_figures(
  const cx_array *logits, float temperature, const int32_t *targets, const int32_t *allowed, const int32_t *allowed_sizes,
  int k, float *log_probabilities, float *entropies, int32_t *best, float *best_log_probabilities) {
  return status([&] {
    const Logits all(logits, allowed, allowed_sizes);
    if (!(temperature > 0) || k < 0) throw std::invalid_argument("a temperature above 0 is needed");
    for (size_t row = 0; row < all.rows; row++) all.check(targets[row]);
    std::atomic<bool> broken{false};
    in_parallel(all.rows, [&](size_t number) {
      const Row row(all, number, temperature);
      if (!row.is_distribution()) {
        broken = true;
        return;
      }
      const size_t place = row.place(targets[number]);
      log_probabilities[number] = place < row.count() ? row.log_probability(place) : -INFINITY;
      entropies[number] = row.entropy();
      const auto order = row.best(size_t(k));
      for (size_t i = 0; i < size_t(k); i++) {
        best[number * k + i] = i < order.size() ? row.token(order[i]) : -1;
        best_log_probabilities[number * k + i] = i < order.size() ? row.log_probability(order[i]) : -INFINITY;
      }
    });
    if (broken) throw std::runtime_error(not_finite);
  });
}

int cx_sample(
  const cx_array *logits, const float *temperatures, const float *top_p, const double *uniforms, const int32_t *allowed,
  const int32_t *allowed_sizes, int32_t *tokens, float *log_probabilities) {
  return status([&] {
    const Logits all(logits, allowed, allowed_sizes);
    std::atomic<bool> broken{false};
    in_parallel(all.rows, [&](size_t number) {
      const bool greedy = !(temperatures[number] > 0);
      const Row row(all, number, greedy ? 1 : temperatures[number]);
      if (!row.is_distribution()) {
        broken = true;
        return;
      }
      size_t place;
      if (greedy)
        place = row.best(1).front();
      else
        place = row.at(uniforms[number], top_p[number] < 1 ? row.nucleus(top_p[number]) : std::vector<size_t>());
      tokens[number] = row.token(place);
      log_probabilities[number] = row.log_probability(place);
    });
    if (broken) throw std::runtime_error(not_finite);
  });
}

}  // extern "C"
