#include "server/searching.hpp"

#include "actors/feed_follower.hpp"
#include "actors/searcher.hpp"
#include "search/index.hpp"
#include "search/searcher.hpp"
#include "server/give_way.hpp"
#include "server/log.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

namespace confab::server {
namespace {

/// What is said within it goes into the index together, which costs little more than one message.
constexpr auto gather_wait = std::chrono::milliseconds{100};

}  // namespace

struct searching::sink final : actors::feed_sink {
  sink(std::unique_ptr<search::index> of, const actors::environment& with)
      : index(std::move(of)), env(with), behind_since(env.now().value()) {}

  bool take(std::span<const journal::feed_item> items) override {
    if (!std::exchange(gives_way, true)) give_way(nice_of_indexing);
    if (behind_since.load() == 0) behind_since = env.now().value();
    try {
      return index->take(items);
    } catch (...) {
      actors::report_bug(env, "search_index", {});
      return false;
    }
  }
  std::uint64_t goes_on_behind(std::uint64_t) override { return index->position(); }
  void caught_up() override { behind_since = 0; }
  bool rest() override {
    try {
      return index->clean();
    } catch (...) {
      actors::report_bug(env, "search_index", {});
      return false;
    }
  }

  std::unique_ptr<search::index> index;
  const actors::environment& env;
  bool gives_way = false;  // its thread, which is told once
  std::atomic<std::int64_t> behind_since;  // 0: it is not
};

void searching::start(caf::actor_system& system, actors::environment& env, journal::journal& of,
                      const std::string& directory) {
  search::index_options how;
  how.file = directory + "/" + search::index_name;
  how.now = env.now;
  how.failed = [](std::string_view detail) { log::error("search-failing", "detail={}", detail); };
  auto opened = search::open_index(how, of);
  if (const auto* why = std::get_if<std::string>(&opened))
    return log::error("search-unavailable", "detail={}", *why);
  sink_ = std::make_shared<sink>(std::get<std::unique_ptr<search::index>>(std::move(opened)), env);
  const auto from = sink_->index->position();
  follower_ = system.spawn<actors::feed_follower, caf::detached>(
      &env, std::shared_ptr<journal::reader>{of.make_reader()}, from, sink_, gather_wait);
  answers_ = system.spawn<actors::searcher, caf::detached>(
      &env, [&env, &of, file = how.file, with = sink_](std::function<bool()> is_late) {
        give_way(nice_of_readers);
        return search::make_searcher(
            {file, env.how.rules, env.now, std::move(is_late),
             [with] { return with->index->generation(); },
             [with](std::uint64_t generation) { with->index->doubt(generation); }},
            of.make_reader());
      });
  env.search = answers_;
}

void searching::end() {
  if (!sink_) return;
  caf::anon_send_exit(follower_, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(answers_, caf::exit_reason::user_shutdown);
}

std::optional<double> searching::behind_seconds(unix_ms now) const {
  if (!sink_) return std::nullopt;
  const auto since = sink_->behind_since.load();
  return since == 0 ? 0
                    : static_cast<double>(std::max<std::int64_t>(now.value() - since, 0)) / 1000;
}

}  // namespace confab::server
