#include "tests/support/actor_world.hpp"

#include "actors/audience.hpp"
#include "actors/directory.hpp"
#include "actors/eraser.hpp"
#include "actors/journal_reader.hpp"
#include "actors/journal_writer.hpp"
#include "actors/keeper.hpp"
#include "actors/registrar.hpp"
#include "actors/session.hpp"

#include <caf/actor_registry.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <limits>
#include <span>
#include <stdexcept>

namespace confab::test {
namespace {

constexpr std::int64_t birth_ms = 1'763'790'000'000;
/// More jobs than any test has: somebody talks to himself.
constexpr std::size_t jobs_max = 2'000'000;

template <class Actor, class Handle>
const Actor& known(const Handle& handle) {
  return dynamic_cast<const Actor&>(*caf::actor_cast<caf::abstract_actor*>(handle));
}

}  // namespace

std::variant<actors::identity, actors::unauthorized> fake_authenticator::verify(
    std::string_view token, unix_ms now) const {
  const auto known = tokens.find(token);
  if (known == tokens.end()) return actors::unauthorized{"bad token", false};
  if (known->second.expires_at && *known->second.expires_at <= now)
    return actors::unauthorized{"the token has expired", true};
  return known->second;
}

actor_world::actor_world(world_options how)
    : random_(how.seed), journal_(journal::open_memory({}, how.how.rules)), looking_(journal_->make_reader()) {
  config_.set("scheduler.policy", caf::atom("testing"));
  system_.emplace(config_);
  system_->await_actors_before_shutdown(false);
  scheduler_ = dynamic_cast<caf::scheduler::test_coordinator*>(&system_->scheduler());
  if (!scheduler_) throw std::logic_error("not the deterministic scheduler");
  born_ = scheduler_->clock().now();

  env.how = std::move(how.how);
  env.durability = journal_->level();
  env.may_have_directs = [this](const user_id& user) { return journal_->may_have_directs(user); };
  env.auth = &auth;
  env.now = [this] { return now(); };
  env.steady_now = [this] { return scheduler_->clock().now(); };
  env.random = [this] { return random_(); };
  env.board.sign_names({random_(), random_()});
  env.prices = actors::price_list_of(env.how, {how.seed, ~how.seed});
  env.pause = [this](auto span) { scheduler_->advance_time(span); };
  env.journal_health = [this](bool healthy, std::string_view detail) {
    health.emplace_back(healthy, detail);
  };
  env.clock_in_doubt = [this](bool doubt) { clock_doubts.push_back(doubt); };
  env.journal_fatal = [this](std::string_view) { ++fatal; };
  env.bug = [this](std::string_view where, std::string_view detail) {
    bugs.push_back(std::string{where} + ": " + std::string{detail});
  };
  env.fatal_bug = [this](std::string_view where, std::string_view detail) {
    env.bug(where, detail);
    ++fatal;
  };

  writer_ = std::make_shared<faulty_writer>(journal_->make_writer(), faults);
  env.writer = system_->spawn<actors::journal_writer>(&env, writer_);
  for (std::size_t i = 0; i < how.shards; ++i)
    env.board.add({actors::spawn_on<actors::directory>(*system_, nullptr, &env),
                   actors::spawn_on<actors::audience>(*system_, nullptr, &env),
                   system_->spawn<actors::journal_reader>(&env,
                                                          [this] {
                                                            ++readers_made;
                                                            return std::make_unique<faulty_reader>(
                                                                journal_->make_reader(), faults);
                                                          }),
                   actors::spawn_on<actors::registrar>(*system_, nullptr, &env)});
  settle();
  staff_ = system_->registry().running();
}

actor_world::~actor_world() {
  release_all();
  for (auto& who : clients) who.disconnect();
  faults = {};
  settle();
  for (std::size_t i = 0; i < env.board.shards(); ++i) {
    const auto& shard = env.board.shard(i);
    caf::anon_send_exit(shard.directory, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(shard.audience, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(shard.reader, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(shard.registrar, caf::exit_reason::user_shutdown);
  }
  for (const auto& one : followers_) caf::anon_send_exit(one, caf::exit_reason::user_shutdown);
  followers_.clear();
  if (keeper_) caf::anon_send_exit(keeper_, caf::exit_reason::user_shutdown);
  keeper_ = actors::keeper_actor{};
  end_eraser();
  caf::anon_send_exit(env.writer, caf::exit_reason::user_shutdown);
  if (env.search) caf::anon_send_exit(env.search, caf::exit_reason::user_shutdown);
  settle();
  env.board.clear();
  env.writer = actors::writer_actor{};
  env.search = actors::search_actor{};
}

// --- connections ---------------------------------------------------------------------------------

client& actor_world::connect(wire_format format, std::optional<actors::identity> known) {
  return connect_on(static_cast<unsigned>(last_session_ % env.board.shards()), format,
                    std::move(known));
}

client& actor_world::connect_on(unsigned shard, wire_format format,
                                std::optional<actors::identity> known,
                                actors::payers::key address) {
  const auto id = session_id::make(++last_session_, static_cast<std::uint8_t>(shard));
  auto& who = clients.emplace_back(*this, id, format, address);
  actors::session_start start{id, who.sink, format, who.taken,
                              known ? std::make_unique<actors::identity>(*known) : nullptr};
  who.session = actors::spawn_light<actors::session>(*system_, nullptr, &env, std::move(start));
  return who;
}

actors::session_actor actor_world::attach(frame_sink_ptr sink,
                                          std::shared_ptr<actors::intake> taken, unsigned shard) {
  actors::session_start start{session_id::make(++last_session_, static_cast<std::uint8_t>(shard)),
                              std::move(sink),
                              {},
                              std::move(taken),
                              nullptr};
  return actors::spawn_light<actors::session>(*system_, nullptr, &env, std::move(start));
}

client& actor_world::guest(const std::string& name, wire_format format) {
  return guest_with({{"guest", name}}, format);
}

client& actor_world::guest_with(json hello, wire_format format) {
  auto& who = connect(format);
  who.welcome = first_answer(who, std::move(hello));
  return who;
}

client& actor_world::with_token(const std::string& token) {
  auto& who = connect();
  who.welcome = first_answer(who, {{"token", token}});
  return who;
}

json actor_world::first_answer(client& who, json hello) {
  hello["type"] = "hello";
  return who.ask(std::move(hello));
}

actors::identity actor_world::identity_of(const std::string& user) const {
  actors::identity who;
  who.user = user_id::trusted(user);
  who.name = user;
  return who;
}

// --- running -------------------------------------------------------------------------------------

bool actor_world::is_held(caf::resumable* job) const {
  return std::ranges::find(held_, job) != held_.end();
}

/// A closed connection ends: the transport would tell the session so.
void actor_world::hang_up_closed() {
  for (auto& who : clients)
    if (who.closed() && !who.gone()) who.disconnect();
}

void actor_world::settle() {
  auto& jobs = scheduler_->jobs;
  for (std::size_t count = 0;; ++count) {
    if (count > jobs_max) throw std::runtime_error("it never settles");
    auto next = std::ranges::find_if(jobs, [&](auto* job) { return !is_held(job); });
    if (next == jobs.end()) {
      hang_up_closed();
      next = std::ranges::find_if(jobs, [&](auto* job) { return !is_held(job); });
      if (next == jobs.end()) return;
    }
    std::rotate(jobs.begin(), next, next + 1);
    scheduler_->run_once();
  }
}

bool actor_world::step_shuffled(std::mt19937_64& random) {
  auto& jobs = scheduler_->jobs;
  if (jobs.empty()) {
    hang_up_closed();
    if (jobs.empty()) return false;
  }
  const auto next = jobs.begin() + static_cast<std::ptrdiff_t>(random() % jobs.size());
  std::rotate(jobs.begin(), next, next + 1);
  scheduler_->run_once();
  return true;
}

void actor_world::settle_shuffled(std::mt19937_64& random) {
  for (std::size_t count = 0; step_shuffled(random); ++count)
    if (count > jobs_max) throw std::runtime_error("it never settles");
}

void actor_world::advance(std::chrono::milliseconds span) {
  auto& clock = scheduler_->clock();
  const auto until = clock.now() + span;
  settle();
  while (clock.has_pending_timeout() && clock.schedule().begin()->first <= until) {
    const auto due = clock.schedule().begin()->first;
    scheduler_->advance_time(std::max(due - clock.now(), caf::timespan{0}));
    settle();
  }
  scheduler_->advance_time(until - clock.now());
  settle();
}

void actor_world::tick(std::chrono::milliseconds span) { scheduler_->advance_time(span); }

unix_ms actor_world::now() const {
  const auto age = scheduler_->clock().now() - born_ + set_ahead_;
  return unix_ms{birth_ms + std::chrono::duration_cast<std::chrono::milliseconds>(age).count()};
}

// --- looking on ----------------------------------------------------------------------------------

std::size_t actor_world::guests_running() { return system_->registry().running() - staff_; }

std::size_t actor_world::users_known() {
  std::size_t count = 0;
  for (std::size_t i = 0; i < env.board.shards(); ++i)
    count += known<actors::registrar>(env.board.shard(i).registrar).users();
  return count;
}

std::size_t actor_world::sessions_known() {
  std::size_t count = 0;
  for (std::size_t i = 0; i < env.board.shards(); ++i)
    count += known<actors::audience>(env.board.shard(i).audience).sessions();
  return count;
}

std::size_t actor_world::reminders_kept() {
  std::size_t count = 0;
  for (std::size_t i = 0; i < env.board.shards(); ++i)
    count += known<actors::audience>(env.board.shard(i).audience).reminders_kept();
  return count;
}

journal::room_info actor_world::stored_room(const std::string& room) {
  const auto info = looking_->room(room_id::trusted(room));
  return info ? *info : journal::room_info{};
}

rooms::member_row actor_world::stored_member(const std::string& room, const std::string& user) {
  const auto found = looking_->member(room_id::trusted(room), user_id::trusted(user));
  return found ? found->row : rooms::member_row{};
}

std::vector<log_entry> actor_world::stored_log(const std::string& room) {
  constexpr auto all = std::numeric_limits<std::size_t>::max();
  auto log = looking_->entries(room_id::trusted(room), seq_no{0},
                               seq_no{std::numeric_limits<std::uint64_t>::max()}, all, all);
  return log ? std::move(*log) : std::vector<log_entry>{};
}

std::optional<log_entry> actor_world::stored_entry(const std::string& room, std::uint64_t seq) {
  const auto found = looking_->entries(room_id::trusted(room), seq_no{seq - 1}, seq_no{seq}, 1, 1);
  return found && !found->empty() ? std::optional{found->front()} : std::nullopt;
}

const actors::keeper_actor& actor_world::keep() {
  keeper_ = system_->spawn<actors::keeper>(
      &env, [this] { return std::make_unique<faulty_reader>(journal_->make_reader(), faults); },
      actors::doubt_of_clock(env, *looking_));
  settle();
  return keeper_;
}

const actors::eraser_actor& actor_world::erase_users() {
  eraser_ = system_->spawn<actors::eraser>(&env, [this] {
    return std::make_unique<faulty_reader>(journal_->make_reader(), faults);
  });
  settle();
  return eraser_;
}

void actor_world::end_eraser() {
  if (eraser_) caf::anon_send_exit(eraser_, caf::exit_reason::user_shutdown);
  eraser_ = actors::eraser_actor{};
}

const actors::feed_actor& actor_world::follow(std::uint64_t after,
                                              std::shared_ptr<actors::feed_sink> sink) {
  return followers_.emplace_back(system_->spawn<actors::feed_follower>(
      &env, std::make_shared<faulty_reader>(journal_->make_reader(), faults), after,
      std::move(sink)));
}

void actor_world::search_by(actors::searcher::source by) {
  env.search = system_->spawn<actors::searcher>(&env, std::move(by));
  ++staff_;
}

void actor_world::commit(std::vector<rooms::operation> batch) {
  const auto kept = std::exchange(faults, {});
  for (std::span left{batch}; !left.empty();) {
    const auto done = writer_->commit(left, now());
    if (!done) throw std::runtime_error("the memory journal refuses");
    left = left.subspan(done->size());
  }
  faults = kept;
}

void actor_world::fill(const std::string& room, std::size_t count, const std::string& text,
                       const std::string& from) {
  std::vector<rooms::operation> batch{
      wanted_by(from, room, rooms::create_room{epoch_id{"filled"}, {}, {}})};
  for (std::size_t i = 1; i <= count; ++i) {
    content what;
    what.text = text + std::to_string(i);
    batch.push_back(wanted_by(from, room, rooms::post_message{std::move(what), {}}));
  }
  commit(std::move(batch));
}

}  // namespace confab::test
