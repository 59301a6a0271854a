// A message costs memory once, and nothing for each member who is given it (DESIGN-2, §4.7).

#include "actors/fan_out.hpp"

#include "tests/support/catch.hpp"

#include <chrono>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>

// Replaced for the whole program: there is no other way to see them.
namespace {
thread_local std::size_t allocations = 0;
}
void* operator new(std::size_t size) {
  ++allocations;
  if (auto* const memory = std::malloc(size ? size : 1)) return memory;
  throw std::bad_alloc{};
}
// Its own too, as the library of a sanitizer has one that does not come by the first.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size ? size : 1);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

using namespace confab;
using namespace confab::actors;

namespace {

class forgetful_sink final : public frame_sink {
 public:
  explicit forgetful_sink(std::size_t& frames) : frames_(frames) {}
  push_result push(const frame&, importance, std::uint32_t count) override {
    frames_ += count;
    return push_result::accepted;
  }
  void close(close_code, std::string) override {}
  void resume_reading() override {}
  std::size_t queued_bytes() const noexcept override { return 0; }
  void notify_when_low() override {}

 private:
  std::size_t& frames_;
};

frame frame_of(char filling) { return std::make_shared<const std::string>(200, filling); }

/// What it takes to tell `members` of three messages, from when they are encoded.
std::size_t allocations_of(std::size_t members) {
  fan_out out;
  std::size_t frames = 0;
  for (std::size_t i = 0; i < members; ++i)
    out.admit(session_id::make(i + 1, 0), std::make_shared<forgetful_sink>(frames),
              room_user_no{static_cast<std::uint32_t>(i + 1)}, {});
  broadcast what;
  for (auto& bytes : what.bytes) bytes = frame_of('x');
  auto own = what;
  own.writer = {session_id::make(1, 0), {}};
  auto typing = what;
  typing.weight = importance::droppable;

  const auto before = allocations;
  out.add(what, fan_out::time_point{});
  out.add(own, fan_out::time_point{});
  out.add(typing, fan_out::time_point{});
  out.release(0);
  out.release();
  const auto taken = allocations - before;

  CHECK(frames == 3 * members);
  return taken;
}

}  // namespace

TEST_CASE("a message takes as many allocations for a thousand members as for a hundred") {
  const auto of_hundred = allocations_of(100);

  CHECK(of_hundred > 0);  // they are counted at all
  CHECK(allocations_of(1'000) == of_hundred);
}
