#pragma once

#include "cluster/replica.hpp"
#include "tests/cluster/simulated_log.hpp"
#include "tests/journal/mixed.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

/// A node of the simulated cluster: a replica with its journal, which loses power, runs out of disk,
/// is slow, and is started again from what it had.
namespace confab::cluster::test {

using journal::test::session;
using journal::test::temporary_directory;
namespace fs = std::filesystem;

inline void promise(bool kept, const std::string& broken) {
  if (!kept) throw std::runtime_error(broken);
}

/// What all nodes of a schedule share.
struct cluster_plan {
  bool on_disk = false;  // SQLite, else in memory
  genesis options;
  std::vector<rooms::operation> imported;  // what was in the founder's journal before
};

/// Lets a journal's writes fail: nothing is stored then.
class failing_writer final : public journal::writer {
 public:
  failing_writer(journal::writer& to, std::function<bool()> fails)
      : to_(to), fails_(std::move(fails)) {}
  journal::result<std::vector<journal::outcome>> commit(std::span<rooms::operation> batch,
                                                        unix_ms now) override {
    return to_.commit(batch, now);
  }
  journal::result<std::vector<journal::outcome>> commit_parts(
      std::span<const journal::ordered_part> parts, const journal::note_maker& note) override {
    if (fails_()) return {journal::fault::unavailable, "no space left"};
    return to_.commit_parts(parts, note);
  }
  std::string note() const override { return to_.note(); }
  std::uint64_t position() const noexcept override { return to_.position(); }
  journal::result<bool> probe() override { return to_.probe(); }

 private:
  journal::writer& to_;
  std::function<bool()> fails_;
};

/// A journal that can be brought back to where it was. In memory that is a replay of the log, cut
/// anew; with SQLite a copy of the files.
class node_store {
 public:
  node_store(const cluster_plan& plan, bool is_founder) : plan_(plan), is_founder_(is_founder) {
    if (plan_.on_disk) directory_.emplace(disks());
    open();
    if (is_founder_) import();
  }

  session& of() { return *session_; }
  bool is_founder() const noexcept { return is_founder_; }

  /// What a loss of power leaves.
  void checkpoint(log_position at) {
    durable_ = at;
    if (!plan_.on_disk) return;
    image_.emplace(disks());
    copy(directory_->path(), image_->path());
  }
  log_position durable() const noexcept { return durable_; }

  /// A process ends and starts: of the same data, or of what was durable.
  void restart(bool power_lost, log_position applied, const std::vector<log_message>& archive,
               world& in) {
    const auto upto = power_lost ? durable_ : applied;
    if (!plan_.on_disk) return replay(upto, archive, in);
    session_.reset();
    if (power_lost) {
      // Without an image it never was durable: the disk is as it was at first.
      directory_.emplace(disks());
      if (image_) copy(image_->path(), directory_->path());
    }
    open();
    if (power_lost && !image_ && is_founder_) import();
  }

  /// What another node gives away.
  void take_snapshot(node_store& from, log_position upto, const std::vector<log_message>& archive,
                     world& in) {
    is_founder_ = true;  // has the same data now
    if (!plan_.on_disk) {
      replay(upto, archive, in);
    } else {
      session_.reset();
      directory_.emplace(disks());
      from.dump(directory_->path());
      open();
    }
    checkpoint(upto);
  }
  void wipe() {
    session_.reset();
    durable_ = 0;
    image_.reset();
    is_founder_ = false;
    if (plan_.on_disk) directory_.emplace(disks());
    open();
  }

  std::string database() const { return directory_->database(); }
  void close() { session_.reset(); }
  void open() {
    if (plan_.on_disk)
      session_.emplace(journal::test::open_or_throw(directory_->path(), plan_.options.window));
    else
      session_.emplace(journal::open_memory(plan_.options.window));
  }

 private:
  static fs::path disks() {
    return fs::exists("/dev/shm") ? fs::path{"/dev/shm"} : fs::temp_directory_path();
  }
  void dump(const std::string& to) {
    copy(directory_->path(), to);
  }
  static void copy(const std::string& from, const std::string& to) {
    for (const auto* file : {"/confab.db", "/confab.db-wal"})
      if (fs::exists(from + file))
        fs::copy_file(from + file, to + file, fs::copy_options::overwrite_existing);
  }
  void import() {
    auto batch = plan_.imported;
    if (!batch.empty()) session_->commit(std::move(batch), 1'799'999'000'000);
  }
  void replay(log_position upto, const std::vector<log_message>& archive, world& in) {
    session_.emplace(journal::open_memory(plan_.options.window));
    if (is_founder_) import();
    applier again{*session_->write, plan_.options};
    while (again.state().position < upto) {
      const auto at = again.state().position;
      const auto count = std::min<log_position>(upto - at, 1 + in.pick(7));
      const auto done = again.apply({archive.data() + at, count});
      promise(std::holds_alternative<std::vector<applied_message>>(done), "the log can't be replayed");
    }
  }

  const cluster_plan& plan_;
  bool is_founder_;
  std::optional<temporary_directory> directory_, image_;
  std::optional<session> session_;
  log_position durable_ = 0;
};

/// Who is told what becomes of an operation, or of a barrier.
struct node_client {
  virtual ~node_client() = default;
  virtual void on_answer(std::uint64_t ticket, const journal::outcome& outcome) = 0;
  virtual void on_unknown(std::uint64_t ticket) = 0;
  virtual void on_unavailable(std::uint64_t ticket) = 0;
  virtual void on_passed(std::uint64_t ticket) = 0;
};

class simulated_node final : public connected, replica_listener, shared_log, bus {
 public:
  simulated_node(world& in, simulated_log& log, const cluster_plan& plan, std::string name,
                 node_client& clients, bool is_founder, std::uint64_t process)
      : in_(in),
        log_(log),
        plan_(plan),
        name_(std::move(name)),
        clients_(clients),
        store_(plan, is_founder),
        process_(process) {
    log_.connect(*this);
  }

  // --- what the schedule does to it ---
  void start() {
    if (running_ && !ended_) return;
    was_started_ = true;
    process_ += 1'000;  // no two processes have one number
    failing_.emplace(*store_.of().write, [this] { return in_.percent(disk_fails); });
    auto options = plan_.options;
    if (!store_.is_founder()) options.log = {process_, 7};  // each would found another log
    options.imported = store_.is_founder() && !plan_.imported.empty();
    applier_.emplace(*failing_, options);
    replica::settings how;
    how.name = name_;
    how.nonce = process_ << 20;
    how.trim_every = 3s, how.trim_keep = trim_keep;
    // So little that bounds are met.
    how.follow.messages_max = 32, how.follow.fetch_count = 16;
    running_ = true;
    work_planned_ = false;
    ended_.reset();
    worked_ = applier_->state().position;
    sessions_ = applier_->state().sessions;
    heard_.clear();
    shared_log& log = *this;
    bus& beats = *this;
    replica_listener& listener = *this;
    replica_.emplace(how, *applier_, log, beats, listener, in_.now());
    replica_->durable(store_.durable());
    tick();
  }
  /// As `kill -9`, and perhaps the machine with it.
  void crash(bool power_lost) {
    if (!running_) return;
    const auto applied = applier_->state().position;
    stop();
    store_.restart(power_lost, applied, log_.archive(), in_);
  }
  void stop() {
    running_ = false;
    ++process_;
    replica_.reset();
    applier_.reset();
    failing_.reset();
    work_planned_ = false;
  }
  void take_snapshot(simulated_node& from) {
    if (running_) stop();
    store_.take_snapshot(from.store_, from.position(), log_.archive(), in_);
  }
  void wipe() {
    if (running_) stop();
    store_.wipe();
  }
  /// From now on it reads this of the log where others read something else.
  void deceive() { deceived_at_ = log_.end() + 1 + in_.pick(5); }
  bool was_deceived() const noexcept { return deceived_; }
  void be_honest() { deceived_at_.reset(), deceived_ = false; }

  bool was_started() const noexcept { return was_started_; }
  bool is_running() const noexcept { return running_; }
  bool is_ready() const { return running_ && replica_->is_ready(); }
  std::optional<end_reason> ended() const noexcept { return ended_; }
  log_position position() const { return applier_ ? applier_->state().position : 0; }
  const applied_state& state() const { return applier_->state(); }
  session& journal() { return store_.of(); }
  node_store& store() { return store_; }
  const std::string& name() const noexcept { return name_; }
  std::uint64_t process() const noexcept { return process_; }

  replica::push_result submit(const rooms::operation& asked, std::uint64_t ticket) {
    return running_ ? replica_->submit(asked, ticket, in_.now()) : replica::push_result::ended;
  }
  replica::push_result ask_barrier(std::uint64_t ticket) {
    return running_ ? replica_->ask_barrier(ticket, in_.now()) : replica::push_result::ended;
  }
  seq_no head(const room_id& room) {
    const auto found = store_.of().read->room(room);
    return found ? found->head : seq_no{0};
  }

  // What the seed makes of it.
  bool cut_off = false;
  ms slowness{2};
  std::uint64_t disk_fails = 0;  // percent
  std::uint64_t trim_keep = 1'000'000;
  bool retired = false;

  // What rules were needed for, so that a test can see that they are.
  std::uint64_t modest_trims = 0;    // others could lose what this one could not
  std::uint64_t fenced_batches = 0;  // their session alone makes them void

 private:
  // --- connected ---
  bool is_cut_off() const override { return cut_off; }
  void on_live(const log_message& message) override {
    if (!running_) return;
    replica_->live(as_read(message), in_.now());
    plan_work();
  }
  void on_stored(std::uint64_t process, std::uint64_t ticket, log_position position) override {
    if (running_ && process == process_) replica_->stored(ticket, position, in_.now());
  }
  void on_fetched(std::uint64_t process, fetched_messages answer) override {
    if (!running_ || process != process_) return;
    for (auto& one : answer.messages) one = as_read(std::move(one));
    replica_->fetched(std::move(answer), in_.now());
    plan_work();
  }
  void on_heard(const told_beat& beat) override {
    if (!running_) return;
    replica_->heard(beat.bytes, in_.now());
    if (beat.node == name_) return;
    auto& of = heard_[beat.node];
    of = {in_.now(), std::max(of.second, beat.durable)};
  }
  log_message as_read(log_message message) {
    if (deceived_at_ != message.position) return message;
    // Another message than the others have, and a whole one.
    deceived_ = true;
    message.bytes = *encode({frame{"nobody", 1, 1, 0, 0, barrier{message.position}}});
    return message;
  }

  // --- ports ---
  void append(std::string bytes, std::uint64_t ticket) override {
    log_.append(*this, process_, std::move(bytes), ticket);
  }
  void fetch(log_position from, std::size_t count) override {
    log_.fetch(*this, process_, from, count);
  }
  void trim(log_position upto) override {
    promise(upto <= store_.durable(), name_ + " trims what it may lose");
    std::size_t there = 1;
    auto least = store_.durable();
    for (const auto& [node, of] : heard_) {
      if (in_.now() - of.first >= replica::settings{}.absent_after) continue;
      ++there;
      least = std::min(least, of.second);
      promise(upto <= of.second, name_ + " trims what " + node + " may lose");
    }
    promise(there > 1 || state().sessions.size() < 2, name_ + " trims alone");
    modest_trims += store_.durable() > least + trim_keep;
    log_.trim(upto);
  }
  void publish(std::string_view, std::string bytes) override {
    log_.publish(*this, {name_, store_.durable(), std::move(bytes)});
  }

  // --- listener ---
  void answered(std::uint64_t ticket, journal::outcome outcome) override {
    clients_.on_answer(ticket, outcome);
  }
  void unknown(std::uint64_t ticket) override { clients_.on_unknown(ticket); }
  void unavailable(std::uint64_t ticket) override { clients_.on_unavailable(ticket); }
  void passed(std::uint64_t ticket) override { clients_.on_passed(ticket); }
  void applied(const applied_message& message) override {
    promise(message.position == ++worked_, name_ + " skips a message");
    for (const auto& one : message.frames) {
      auto& current = sessions_[one.of.node];
      if (one.counts && std::holds_alternative<begin_session>(one.of.content))
        current = {message.position, 0};
      if (!std::holds_alternative<batch>(one.of.content)) continue;
      const bool is_of_now = one.of.session == current.session;
      const bool is_next = one.of.number == current.number + 1;
      promise(!one.counts || is_of_now, "a batch of a session that has ended counts");
      promise(!one.counts || is_next, "a batch counts twice, or out of its order");
      current.number += one.counts;
      fenced_batches += is_next && !is_of_now && current.session != 0 && !deceived_;
    }
  }
  void suspected(const std::string&) override {}
  void ended(end_reason why, const std::string&) override { ended_ = why; }

  // --- time ---
  void tick() {
    if (!running_ || ended_) return;
    replica_->tick(in_.now());
    plan_work();
    if (in_.pick(40) == 0) {
      store_.checkpoint(position());
      replica_->durable(store_.durable());
    }
    in_.after(100ms, [this, process = process_] {
      if (process == process_) tick();
    });
  }
  void plan_work() {
    if (work_planned_ || ended_) return;
    work_planned_ = true;
    in_.after(in_.between(0ms, slowness), [this, process = process_] {
      if (process != process_ || !running_) return;
      work_planned_ = false;
      if (replica_->work(1 + in_.pick(12), in_.now())) plan_work();
    });
  }

  world& in_;
  simulated_log& log_;
  const cluster_plan& plan_;
  std::string name_;
  node_client& clients_;
  node_store store_;
  std::uint64_t process_;
  std::optional<failing_writer> failing_;
  std::optional<applier> applier_;
  std::optional<replica> replica_;
  bool running_ = false, was_started_ = false;
  bool work_planned_ = false;
  std::optional<end_reason> ended_;
  log_position worked_ = 0;
  std::map<std::string, node_session> sessions_;  // by the messages that count
  std::map<std::string, std::pair<ms, log_position>> heard_;  // when last, and what is durable there
  std::optional<log_position> deceived_at_;
  bool deceived_ = false;
};

}  // namespace confab::cluster::test
