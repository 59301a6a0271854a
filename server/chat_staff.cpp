// The chat's staff: the actors that are always there.

#include "actors/audience.hpp"
#include "actors/directory.hpp"
#include "actors/eraser.hpp"
#include "actors/journal_reader.hpp"
#include "actors/journal_writer.hpp"
#include "actors/keeper.hpp"
#include "actors/registrar.hpp"
#include "api/service.hpp"
#include "server/api_backend.hpp"
#include "server/bridge.hpp"
#include "server/chat.hpp"
#include "server/give_way.hpp"
#include "server/log.hpp"

#include <caf/scoped_actor.hpp>

#include <chrono>
#include <utility>

namespace confab::server {
namespace {

constexpr auto flush_wait_max = std::chrono::seconds{10};

}  // namespace

void chat::spawn_actors() {
  auto& system = on_.system();
  std::shared_ptr<journal::writer> writer = journal_->make_writer();
  position_ = writer->position();
  // Before anybody stores something by a clock that may be wrong.
  const auto doubt = actors::doubt_of_clock(env_, *journal_->make_reader());
  env_.writer = system.spawn<actors::journal_writer, caf::detached>(&env_, std::move(writer));
  for (std::size_t i = 0; i < on_.shards(); ++i)
    env_.board.add({actors::spawn_on<actors::directory>(system, on_.unit(i), &env_),
                    actors::spawn_on<actors::audience>(system, on_.unit(i), &env_),
                    system.spawn<actors::journal_reader, caf::detached>(
                        &env_,
                        [this] {
                          give_way(nice_of_readers);
                          return journal_->make_reader();
                        }),
                    actors::spawn_on<actors::registrar>(system, on_.unit(i), &env_)});

  keeper_ = system.spawn<actors::keeper, caf::detached>(
      &env_, [this] { return journal_->make_reader(); }, doubt);
  eraser_ = system.spawn<actors::eraser, caf::detached>(&env_, [this] { return journal_->make_reader(); });
  if (has_search_) searching_.start(system, env_, *journal_, data_);

  watch_.add("the journal's writer", env_.writer);
  if (env_.search) {
    watch_.add("the searcher", env_.search);
    watch_.add("who fills the search index", searching_.follower());
  }
  watch_.add("who erases users", eraser_);
  watch_.add("who trims the journal", keeper_);
  for (std::size_t i = 0; i < on_.shards(); ++i) {
    const auto& shard = env_.board.shard(i);
    const auto of_shard = " of shard " + std::to_string(i);
    watch_.add("the directory" + of_shard, shard.directory);
    watch_.add("the audience" + of_shard, shard.audience);
    watch_.add("the journal's reader" + of_shard, shard.reader);
    watch_.add("the registrar" + of_shard, shard.registrar);
  }
}

void chat::end_actors() {
  if (!env_.writer) return;
  watch_.stop();
  if (hooks_) hooks_->end();
  if (asker_) asker_->end();
  caf::scoped_actor waiting{on_.system()};
  waiting->request(env_.writer, flush_wait_max, actors::flush_request{})
      .receive(
          [](const actors::flushed& done) {
            if (!done.ok) log::error("journal-flush-failed");
          },
          [](caf::error&) { log::error("journal-flush-timed-out"); });
  for (std::size_t i = 0; i < env_.board.shards(); ++i) {
    const auto& shard = env_.board.shard(i);
    caf::anon_send_exit(shard.directory, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(shard.audience, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(shard.reader, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(shard.registrar, caf::exit_reason::user_shutdown);
  }
  searching_.end();
  caf::anon_send_exit(keeper_, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(eraser_, caf::exit_reason::user_shutdown);
  if (drains_) caf::anon_send_exit(drains_, caf::exit_reason::user_shutdown);
  if (backend_) backend_->end();
  caf::anon_send_exit(env_.writer, caf::exit_reason::user_shutdown);
}

}  // namespace confab::server
