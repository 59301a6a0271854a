// The outbox, as a turn of a shard uses it: frames pushed, gathered into one write, consumed.

#include "transport/outbox.hpp"

#include <benchmark/benchmark.h>

#include <array>
#include <cstddef>
#include <memory>
#include <string>

using namespace confab;
using namespace confab::transport;

namespace {

/// A socket that takes everything.
struct writer final : outbox_writer {
  void flush() override {
    while (out->queued_bytes() > 0) {
      std::size_t bytes = 0;
      for (const auto& part : out->gather(parts, scratch)) bytes += part.iov_len;
      out->consume(bytes);
    }
  }
  void closing(close_code) override {}
  void resume_reading() override {}
  void writable() override {}

  outbox* out = nullptr;
  std::array<iovec, 64> parts{};
  std::array<char, 65536> scratch{};
};

/// `range(0)` frames of `range(1)` bytes in a turn.
void outbox_turn(benchmark::State& state) {
  const auto bytes =
      std::make_shared<const std::string>(static_cast<std::size_t>(state.range(1)), 'x');
  dirty_list dirty;
  writer socket;
  const auto out = std::make_shared<outbox>(socket, dirty, limits::outbox_bytes_max);
  socket.out = out.get();
  for (auto _ : state) {
    for (auto i = state.range(0); i > 0; --i)
      if (out->push(bytes, importance::required, 1) != push_result::accepted)
        state.SkipWithError("refused");
    benchmark::DoNotOptimize(dirty.flush());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  out->detach();
}
BENCHMARK(outbox_turn)->ArgNames({"frames", "bytes"})->ArgsProduct({{1, 8, 32}, {150, 1100}});

}  // namespace
