// Whatever happens to the log, the bus and the nodes: what was acknowledged is there once, in one
// order, on all nodes alike (docs/decisions/0015). No threads, no sockets: a clock that moves from
// event to event, and a seed that says what goes wrong.

#include "journal/sqlite_statement.hpp"
#include "tests/cluster/simulated_node.hpp"
#include "tests/support/effort.hpp"

#include <cstdlib>
#include <iostream>

using namespace confab;
using namespace confab::cluster;
using namespace confab::cluster::test;
namespace store_test = confab::journal::test;

namespace {

/// One who asks for one thing after the other, of any node, and repeats what got no answer.
struct simulated_client {
  user_id user;
  std::size_t node = 0;
  std::optional<rooms::operation> wanted;
  std::uint64_t ticket = 0;  // of the attempt that is on its way; 0: none
  bool was_unknown = false;  // an attempt may be applied yet
  bool on_barrier = false;
  room_id asks_for;  // where it resumes
  seq_no since;
  std::map<room_id, std::uint64_t> said;  // the greatest number it was told
};

/// One who was told something by a node, and looks for it at another.
struct onlooker {
  std::size_t node = 0;
  std::uint64_t process = 0;
  room_id room;
  seq_no since;
};

using key_name = std::tuple<room_id, user_id, std::string>;

class simulation final : public node_client {
 public:
  explicit simulation(std::uint64_t seed) : in_(seed), log_(in_, faults()) {
    plan_.on_disk = in_.pick(20) == 0;
    // Small enough that keys are forgotten; or large enough that none is in time.
    exact_ = in_.pick(3) > 0;
    plan_.options.window =
        exact_ ? rooms::key_window{24h, 1'000'000, 10'000'000} : rooms::key_window{100s, 60, 200};
    plan_.options.log = {seed, 1};
    if (in_.pick(4) == 0) import();
    const auto count = 1 + in_.pick(4);
    for (std::uint64_t i = 0; i < count; ++i) add("n" + std::to_string(i + 1), i == 0);
    lies_ = nodes_.size() >= 3 && in_.pick(8) == 0;
    for (const auto& user : store_test::people) {
      auto& one = clients_.emplace_back();
      one.user = user;
      one.node = in_.pick(nodes_.size());
    }
  }

  void run() {
    nodes_[0]->start();
    // Where there was data, others come when the log is founded with it (`tend`).
    for (std::size_t i = 1; i < nodes_.size() && plan_.imported.empty(); ++i)
      in_.after(in_.pick(3) ? 0ms : in_.between(0ms, 20s),
                [node = nodes_[i].get()] { node->start(); });
    for (std::size_t i = 0; i < clients_.size(); ++i) think(i);
    if (is_faulty_) misfortune();
    if (lies_) in_.after(in_.between(10s, 30s), [this] { lie(); });
    supervise();
    run_until(40s);

    calm_ = true;
    log_.faults = {};
    for (auto& node : nodes_) node->cut_off = false, node->disk_fails = 0, node->slowness = 2ms;
    run_until(in_.now() + 25s);  // what is late has come by then
    const auto patience = in_.now() + 300s;
    while (!at_rest()) {
      if (only_lies_are_left()) {
        ++hopeless_;
        return;
      }
      promise(in_.now() < patience, "no rest: " + who_is_restless());
      promise(in_.step(), "nothing happens any more");
    }
    check();
  }

 private:
  log_faults faults() {
    is_faulty_ = in_.pick(6) > 0;
    if (!is_faulty_) return {};
    log_faults how;
    // Of each kind in some schedules only, so that each is seen by itself too.
    for (auto* one :
         {&how.append_lost, &how.append_late, &how.append_doubled, &how.answer_lost,
          &how.answer_late, &how.tail_lost, &how.tail_doubled, &how.tail_damaged, &how.tail_late,
          &how.fetch_lost, &how.fetch_stale, &how.bus_lost, &how.bus_doubled})
      if (in_.pick(2)) *one = 1 + in_.pick(30);
    how.elections = in_.pick(2);
    how.clocks_jump = in_.pick(2);
    return how;
  }

  void import() {
    plan_.imported.push_back(store_test::create(store_test::general));
    for (auto count = 1 + in_.pick(20); count > 0; --count)
      plan_.imported.push_back(store_test::any_operation(in_.dice()));
  }

  simulated_node& add(const std::string& name, bool is_founder) {
    nodes_.push_back(std::make_unique<simulated_node>(in_, log_, plan_, name, *this,
                                                      is_founder && !plan_.imported.empty(),
                                                      (nodes_.size() + 1) * 1'000'000));
    auto& node = *nodes_.back();
    if (in_.pick(4) == 0) node.slowness = in_.between(10ms, 2s);
    trims_ = trims_ || in_.pick(2);
    if (trims_) node.trim_keep = in_.pick(10);
    return node;
  }

  void run_until(ms end) {
    while (in_.now() < end) promise(in_.step(), "nothing happens any more");
  }

  // --- clients ---

  void think(std::size_t who) {
    in_.after(in_.between(5ms, 500ms), [this, who] {
      act(who);
      think(who);
    });
  }

  void act(std::size_t who) {
    auto& one = clients_[who];
    if (one.ticket != 0) {
      // Its node is gone, and what it was told with it.
      if (nodes_[one.node]->process() == processes_.at(one.ticket) &&
          nodes_[one.node]->is_running())
        return;
      asked_.erase(one.ticket);
      one.was_unknown = one.was_unknown || !one.on_barrier;
      one.ticket = 0, one.on_barrier = false;
    }
    if (in_.pick(8) == 0 || !nodes_[one.node]->is_running()) one.node = in_.pick(nodes_.size());
    if (!one.wanted && (calm_ || in_.pick(6) == 0)) return resume(who);
    if (!one.wanted) {
      one.wanted = any_wish(one.user);
      one.was_unknown = false;
    }
    send(who);
  }

  rooms::operation any_wish(const user_id& user) {
    auto asked = store_test::any_operation(in_.dice());
    if (in_.pick(12) == 0) {
      rooms::mark mark{user, "general", rooms::mark::kind::read_marker,
                       static_cast<std::int64_t>(in_.pick(50)), ""};
      return {rooms::server_room, store_test::by(user), "", rooms::set_marks{{mark}}};
    }
    if (in_.pick(3) == 0) asked = store_test::post(store_test::general, "said", "", user);
    // Some keep the keys they came with, which are used again and again.
    if (asked.key.empty() || in_.pick(4)) asked.key = "u" + std::to_string(++keys_);
    return asked;
  }

  std::uint64_t new_ticket(std::size_t who) {
    auto& one = clients_[who];
    one.ticket = ++tickets_;
    asked_[one.ticket] = who;
    processes_[one.ticket] = nodes_[one.node]->process();
    return one.ticket;
  }

  void send(std::size_t who) {
    auto& one = clients_[who];
    auto& node = *nodes_[one.node];
    if (!node.is_ready()) return;
    const auto ticket = new_ticket(who);
    if (node.submit(*one.wanted, ticket) == replica::push_result::accepted) return;
    asked_.erase(ticket);
    one.ticket = 0;
  }

  /// It has seen something elsewhere, and must be shown no less here: never a false gap.
  void resume(std::size_t who) {
    auto& one = clients_[who];
    one.node = in_.pick(nodes_.size());
    if (one.said.empty() || !nodes_[one.node]->is_ready()) return;
    auto at = one.said.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(in_.pick(one.said.size())));
    one.asks_for = at->first, one.since = seq_no{at->second};
    if (nodes_[one.node]->head(one.asks_for) >= one.since && (calm_ || in_.pick(2))) return;
    const auto ticket = new_ticket(who);
    one.on_barrier = true;
    if (nodes_[one.node]->ask_barrier(ticket) == replica::push_result::accepted) return;
    asked_.erase(ticket);
    one.ticket = 0, one.on_barrier = false;
  }

  /// Where another one waits for a barrier already, which may have been ordered before this.
  void look_elsewhere(const room_id& room, seq_no since) {
    std::erase_if(looks_, [&](const auto& look) {
      const auto& node = *nodes_[look.second.node];
      return !node.is_running() || node.process() != look.second.process;
    });
    if (looks_.empty() && in_.pick(6)) return;
    const auto at = looks_.empty() ? in_.pick(nodes_.size()) : looks_.rbegin()->second.node;
    auto& node = *nodes_[at];
    if (!node.is_ready() || looks_.size() > 3) return;
    looks_[++tickets_] = {at, node.process(), room, since};
    if (node.ask_barrier(tickets_) != replica::push_result::accepted) looks_.erase(tickets_);
  }
  /// Whether it was the ticket of one who looks.
  bool has_looked(std::uint64_t ticket, bool is_passed) {
    const auto found = looks_.extract(ticket);
    if (!found) return false;
    const auto& look = found.mapped();
    auto& node = *nodes_[look.node];
    if (!is_passed || node.was_deceived()) return true;
    expect_no_gap(node, look.room, look.since);
    for (const auto& [other, waits] : looks_)
      barriers_apart_ += waits.process == look.process && node.head(waits.room) < waits.since;
    return true;
  }
  static void expect_no_gap(simulated_node& node, const room_id& room, seq_no since) {
    const auto head = node.head(room);
    promise(head >= since, "a false gap: " + room.value() + " ends at " +
                               std::to_string(head.value()) + ", its client knows " +
                               std::to_string(since.value()));
  }

  simulated_client* settle(std::uint64_t ticket) {
    const auto at = asked_.find(ticket);
    if (at == asked_.end()) return nullptr;
    auto& one = clients_[at->second];
    asked_.erase(at);
    one.ticket = 0;
    return &one;
  }

  void on_answer(std::uint64_t ticket, const journal::outcome& outcome) override {
    auto* one = settle(ticket);
    if (!one) return;
    const auto asked = *std::exchange(one->wanted, std::nullopt);
    // What a node says that was told lies is not a promise of the cluster.
    if (nodes_[one->node]->was_deceived()) return;
    ++answers_;
    const key_name name{asked.room, asked.by.user, asked.key};
    const bool unique = asked.key.starts_with("u");
    std::optional<seq_no> seq;
    if (const auto* done = std::get_if<rooms::appended>(&outcome)) seq = done->entries.back().seq;
    if (const auto* again = std::get_if<rooms::repeated>(&outcome)) seq = again->seq;
    if (seq) {
      auto& said = one->said[asked.room];
      if (!std::get_if<rooms::repeated>(&outcome))
        promise(seq->value() > said || one->was_unknown, "one client's order is not kept");
      said = std::max<std::uint64_t>(said, seq->value());
      if (unique) acknowledged_[name] = *seq;
      in_.after(0ms, [this, room = asked.room, since = *seq] { look_elsewhere(room, since); });
    } else if (std::holds_alternative<rooms::refused>(outcome) && unique) {
      (one->was_unknown ? doubtful_ : refused_).insert(name);
    }
    one->was_unknown = false;
  }
  void on_unknown(std::uint64_t ticket) override {
    if (auto* one = settle(ticket)) one->was_unknown = true;
  }
  void on_unavailable(std::uint64_t ticket) override {
    if (has_looked(ticket, false)) return;
    auto* one = settle(ticket);
    if (!one) return;
    if (std::exchange(one->on_barrier, false)) return;
    // Never sent: it may as well be given up.
    if (in_.pick(2) || !one->wanted) return;
    if (!one->was_unknown && one->wanted->key.starts_with("u"))
      refused_.insert({one->wanted->room, one->wanted->by.user, one->wanted->key});
    one->wanted.reset();
  }
  void on_passed(std::uint64_t ticket) override {
    if (has_looked(ticket, true)) return;
    auto* one = settle(ticket);
    if (!one) return;
    one->on_barrier = false;
    ++barriers_;
    auto& node = *nodes_[one->node];
    if (!node.was_deceived()) expect_no_gap(node, one->asks_for, one->since);
  }

  // --- faults ---

  void misfortune() {
    in_.after(in_.between(500ms, 8s), [this] {
      if (calm_) return;
      auto& node = *nodes_[in_.pick(nodes_.size())];
      switch (in_.pick(9)) {
        case 0:
        case 1:
          node.crash(in_.pick(2));
          break;
        case 2:
          if (log_.faults.elections) log_.elect();
          break;
        case 3:
        case 4:
          node.cut_off = true;
          in_.after(in_.between(100ms, 25s), [&node] { node.cut_off = false; });
          break;
        case 5:
          node.slowness = in_.between(1ms, 3s);
          in_.after(in_.between(1s, 10s), [&node] { node.slowness = 2ms; });
          break;
        case 6:
          node.disk_fails = 30 + in_.pick(70);
          in_.after(in_.between(1s, 8s), [&node] { node.disk_fails = 0; });
          break;
        case 7:
          if (in_.pick(4) == 0)  // the power of all goes off
            for (auto& one : nodes_) one->crash(true);
          break;
        case 8:
          if (in_.pick(3) == 0 && nodes_.size() < 6 && nodes_[0]->is_ready()) twin(node);
          break;
      }
      misfortune();
    });
  }

  /// Another process of the same name, on another disk.
  void twin(simulated_node& of) {
    auto& node = add(of.name(), false);
    node.start();
  }

  void lie() {
    auto& node = *nodes_[in_.pick(nodes_.size())];
    if (node.is_running() && !node.retired) node.deceive();
  }

  /// What an operator and a service manager do: start again what has ended, take snapshots.
  void supervise() {
    in_.after(in_.between(100ms, 2s), [this] {
      for (auto& node : nodes_) tend(*node);
      supervise();
    });
  }

  void tend(simulated_node& node) {
    if (node.retired) return;
    if (!node.was_started() && (plan_.imported.empty() || !nodes_[0]->is_ready())) return;
    const auto why = node.ended();
    if (node.is_running() && !why) return;
    if (!why) return node.start();
    ++ends_[*why];
    switch (*why) {
      case end_reason::displaced:
        node.stop();
        node.retired = true;  // another one of this name goes on
        return;
      case end_reason::behind:
      case end_reason::needs_founder:
        return help(node);
      case end_reason::diverged:
      case end_reason::rewritten:
        promise(lies_, node.name() + " ends: " + std::string{cluster::name(*why)});
        if (!node.was_deceived()) {
          // Who saw only the one that is wrong could not tell.
          const auto applied = node.position();
          node.stop();
          node.store().restart(false, applied, log_.archive(), in_);
          return node.start();
        }
        ++liars_found_;
        node.be_honest();
        node.wipe();
        return node.start();
      case end_reason::foreign_log:
      case end_reason::other_rules:
      case end_reason::newer_format:
      case end_reason::store_failed:
        promise(false, node.name() + " ends: " + std::string{cluster::name(*why)});
    }
  }

  void help(simulated_node& node) {
    std::vector<simulated_node*> others;
    for (auto& one : nodes_)
      if (one.get() != &node && one->is_ready() && !one->was_deceived() &&
          one->position() + 1 >= log_.first())
        others.push_back(one.get());
    if (others.empty()) return bring_back_displaced_by(node);
    node.take_snapshot(*others[in_.pick(others.size())]);
    ++snapshots_;
    node.start();
  }

  /// One of the same name that began with nothing has displaced the only one that has the data.
  void bring_back_displaced_by(simulated_node& node) {
    for (auto& one : nodes_) {
      if (!one->retired || one->name() != node.name()) continue;
      node.stop();
      node.retired = true;
      one->retired = false;
      return one->start();
    }
  }

  // --- the end ---

  bool at_rest() {
    for (const auto& one : clients_)
      if (one.wanted) return false;
    for (const auto& node : nodes_)
      if (!node->retired && (!node->is_ready() || node->position() < log_.end())) return false;
    return true;
  }
  /// Who has something was deceived, and who needs a snapshot must not take that: nobody could help.
  bool only_lies_are_left() {
    return std::ranges::all_of(nodes_, [](const auto& node) {
      return node->retired || node->was_deceived() || node->ended() == end_reason::behind;
    }) && std::ranges::any_of(nodes_, [](const auto& node) { return node->was_deceived(); });
  }
  std::string who_is_restless() {
    std::string out =
        "the log has " + std::to_string(log_.first()) + " to " + std::to_string(log_.end());
    for (const auto& one : clients_)
      if (one.wanted) out += ", " + one.user.value() + " waits";
    for (const auto& node : nodes_)
      out += ", " + node->name() +
             (node->retired      ? " retired"
              : node->is_ready() ? " ready"
                                 : " not ready") +
             (node->was_deceived() ? " deceived" : "") + " at " + std::to_string(node->position()) +
             (node->ended() ? " " + std::string{cluster::name(*node->ended())} : "");
    return out;
  }

  void check() {
    std::vector<simulated_node*> left;
    for (auto& node : nodes_)
      if (!node->retired) left.push_back(node.get());
    promise(!left.empty(), "no node is left");
    const auto state = left[0]->state();
    const auto expected = store_test::read_all(left[0]->journal());
    for (auto* node : left) {
      promise(node->state() == state, node->name() + " has another chain");
      promise(store_test::read_all(node->journal()) == expected,
              node->name() + " has other content");
    }
    check_model(state, expected);
    check_promises(left[0]->journal());
    if (!plan_.on_disk) return;
    const auto rows = rows_of(*left[0]);
    for (auto* node : left)
      promise(node == left[0] || rows_of(*node) == rows, node->name() + " has other rows");
  }

  /// One node that was never disturbed comes to the same, in memory and all at once.
  void check_model(const applied_state& state, const store_test::content_of_journal& expected) {
    session model{journal::open_memory(plan_.options.window)};
    if (auto batch = plan_.imported; !batch.empty())
      model.commit(std::move(batch), 1'799'999'000'000);
    auto options = plan_.options;
    applier applying{*model.write, options};
    const auto& all = log_.archive();
    const auto done = applying.apply({all.data(), all.size()});
    promise(std::holds_alternative<std::vector<applied_message>>(done),
            "the log can't be replayed");
    promise(applying.state() == state, "a replay comes to another chain");
    promise(store_test::read_all(model) == expected, "a replay comes to other content");
  }

  void check_promises(session& of) {
    std::map<key_name, std::vector<seq_no>> found;
    for (const auto& place : store_test::places)
      if (of.read->room(place))
        for (const auto& entry : store_test::log_of(of, place))
          if (entry.key.starts_with("u"))
            found[{place, entry.from, entry.key}].push_back(entry.seq);
    if (!exact_) return;
    for (const auto& [name, seqs] : found)
      promise(seqs.size() == 1,
              std::get<2>(name) + " is there " + std::to_string(seqs.size()) + " times");
    for (const auto& [name, seq] : acknowledged_) {
      if (std::get<0>(name) == rooms::server_room) continue;
      const auto at = found.find(name);
      promise(at != found.end(), std::get<2>(name) + " was acknowledged and is not there");
      promise(at->second.front() <= seq, std::get<2>(name) + " has another number than was said");
    }
    for (const auto& name : refused_)
      promise(!found.contains(name), std::get<2>(name) + " was refused and is there");
    for (const auto& name : doubtful_) late_ += found.contains(name);
  }

  /// All that is stored of rooms, row by row. What is a node's own is left out: secrets, and the
  /// epoch of the server's room.
  static std::string rows_of(simulated_node& node) {
    node.store().close();
    journal::sqlite::connection at;
    promise(at.open(node.store().database(), SQLITE_OPEN_READWRITE) == SQLITE_OK, "open");
    std::string all;
    for (const auto* sql :
         {"select * from changed", "select * from reactions", "select * from reaction_counts",
          "select * from direct_order", "select * from members", "select * from users",
          "select * from last_messages", "select * from pins", "select * from threads",
          "select * from thread_users", "select * from marks", "select * from notes",
          "select * from room_mentions", "select * from deleted_counted",
          "select * from gone_rooms", "select * from log",
          "select * from rooms where id > 0"}) {
      journal::sqlite::statement prepared;
      promise(prepared.prepare(at, sql) == SQLITE_OK, sql);
      journal::sqlite::query row{prepared};
      while (row.next()) {
        for (int i = 0; i < sqlite3_column_count(prepared.get()); ++i)
          all.append(row.text(i)).push_back('|');
        all.push_back('\n');
      }
    }
    return all;
  }

  world in_;
  bool is_faulty_ = false, lies_ = false, exact_ = true, trims_ = false, calm_ = false;
  simulated_log log_;
  cluster_plan plan_;
  std::vector<std::unique_ptr<simulated_node>> nodes_;
  std::vector<simulated_client> clients_;
  std::map<std::uint64_t, std::size_t> asked_;  // client by ticket
  std::map<std::uint64_t, std::uint64_t> processes_;
  std::map<std::uint64_t, onlooker> looks_;  // by ticket
  std::uint64_t tickets_ = 0, keys_ = 0;
  std::map<key_name, seq_no> acknowledged_;
  std::set<key_name> refused_, doubtful_;

 public:
  // What happened, so that a test can see that it does.
  std::uint64_t answers_ = 0, barriers_ = 0, snapshots_ = 0, liars_found_ = 0, late_ = 0;
  std::uint64_t hopeless_ = 0, barriers_apart_ = 0;
  std::map<end_reason, std::uint64_t> ends_;
  std::uint64_t sum(std::uint64_t simulated_node::* of) const {
    std::uint64_t all = 0;
    for (const auto& node : nodes_) all += (*node).*of;
    return all;
  }
};

std::uint64_t number_in(const char* variable, std::uint64_t otherwise) {
  const auto* text = std::getenv(variable);
  return text ? std::stoull(text) : otherwise;
}

}  // namespace

// CONFAB_SIM_SEED=n runs schedule n alone, CONFAB_SIM_SCHEDULES how many.
TEST_CASE(
    "whatever happens to nodes and log, all nodes come to the same and keep what was promised",
    "[simulation]") {
  const bool one = std::getenv("CONFAB_SIM_SEED") != nullptr;
  const auto first = number_in("CONFAB_SIM_SEED", 1);
  const auto count = one ? 1 : number_in("CONFAB_SIM_SCHEDULES", confab::test::cases(1500));
  std::uint64_t answers = 0, barriers = 0, snapshots = 0, liars = 0, late = 0, hopeless = 0;
  std::uint64_t modest_trims = 0, fenced_batches = 0, barriers_apart = 0;
  std::map<end_reason, std::uint64_t> ends;

  for (auto seed = first; seed < first + count; ++seed) {
    try {
      simulation schedule{seed};
      schedule.run();
      answers += schedule.answers_, barriers += schedule.barriers_;
      hopeless += schedule.hopeless_;
      snapshots += schedule.snapshots_, liars += schedule.liars_found_, late += schedule.late_;
      for (const auto& [why, times] : schedule.ends_) ends[why] += times;
      modest_trims += schedule.sum(&simulated_node::modest_trims);
      fenced_batches += schedule.sum(&simulated_node::fenced_batches);
      barriers_apart += schedule.barriers_apart_;
    } catch (const std::exception& e) {
      FAIL("CONFAB_SIM_SEED=" << seed << ": " << std::string{e.what()}.substr(0, 500));
    }
  }

  if (std::getenv("CONFAB_SIM_REPORT")) {
    std::cout << count << " schedules: " << answers << " answers, " << barriers << " barriers, "
              << snapshots << " snapshots, " << liars << " found out, " << late
              << " refused after an attempt that was applied later\n"
              << "  needed: " << modest_trims << " trims that spared others, " << fenced_batches
              << " batches void by their session alone, " << barriers_apart
              << " barriers that were not to be shared\n";
    for (const auto& [why, times] : ends)
      std::cout << "  " << cluster::name(why) << " " << times << '\n';
  }
  CHECK(hopeless <= 1 + count / 500);
  if (count < 100) return;
  // What does not happen is not tested.
  CHECK(answers > count * 30);
  CHECK(barriers > count / 20);
  CHECK(snapshots > count / 20);
  CHECK(liars > 0);
  CHECK(ends[end_reason::displaced] > 0);
  CHECK(modest_trims > 0);
  CHECK(fenced_batches > 0);
  CHECK(barriers_apart > 0);
}
