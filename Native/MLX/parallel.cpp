#include "shim.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

extern "C" void cx_set_blas_threads(int threads);

namespace {

// A few threads that wait for work. Only the thread that evaluates hands it out, one piece at a time.
class Crew {
 public:
  void resize(int threads) {
    stop();
    for (int i = 1; i < threads; i++) workers_.emplace_back([this, seen = round_] { work(seen); });
  }

  void run(size_t count, const std::function<void(size_t)> &body) {
    if (workers_.empty() || count < 2) {
      for (size_t i = 0; i < count; i++) body(i);
      return;
    }
    {
      std::lock_guard guard(mutex_);
      body_ = &body;
      count_ = count;
      next_ = 0;
      busy_ = workers_.size();
      round_++;
    }
    wake_.notify_all();
    for (size_t i; (i = next_++) < count;) body(i);
    std::unique_lock guard(mutex_);
    done_.wait(guard, [this] { return busy_ == 0; });
  }

  ~Crew() { stop(); }

 private:
  void work(uint64_t seen) {
    std::unique_lock guard(mutex_);
    while (true) {
      wake_.wait(guard, [&] { return ending_ || round_ != seen; });
      if (ending_) return;
      seen = round_;
      guard.unlock();
      for (size_t i; (i = next_++) < count_;) (*body_)(i);
      guard.lock();
      if (--busy_ == 0) done_.notify_one();
    }
  }

  void stop() {
    {
      std::lock_guard guard(mutex_);
      ending_ = true;
    }
    wake_.notify_all();
    for (auto &worker : workers_) worker.join();
    workers_.clear();
    ending_ = false;
  }

  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable wake_, done_;
  const std::function<void(size_t)> *body_ = nullptr;
  size_t count_ = 0, busy_ = 0;
  std::atomic<size_t> next_{0};
  uint64_t round_ = 0;
  bool ending_ = false;
};

// Never destroyed: MLX's own thread may still be evaluating when the process ends.
Crew &crew() {
  static Crew *instance = new Crew;
  return *instance;
}

}  // namespace

void coxswain::in_parallel(size_t count, const std::function<void(size_t)> &body) { crew().run(count, body); }

extern "C" void cx_set_threads(int threads) {
  cx_set_blas_threads(threads);
  crew().resize(threads);
}
