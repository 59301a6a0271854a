#pragma once

#include "actors/asked_hooks.hpp"
#include "tests/actors/room_replay.hpp"
#include "tests/support/actor_world.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace confab::test {

/// What is the same for all clients of a schedule.
struct schedule {
  actor_world& world;
  std::mt19937_64& random;
  bool faults;      // of the journal: only then may something be unavailable or a room restart
  bool reads_fail;  // then `welcome` may come without directs
  /// (user, room, key) to the seq that was acknowledged: the same for ever (G3).
  std::map<std::string, std::uint64_t> acknowledged;
  /// What the tokens of some give them where roles count; the others are guests.
  std::map<std::string, role> tokens = {};
  std::map<std::string, room_replay> replays = {};
  bool moderated = false;  // see simulated_hooks

  std::uint64_t pick(std::uint64_t below) { return random() % below; }
  /// As far as the room is stored by now.
  room_replay& replay(const std::string& room) {
    auto& found = replays.try_emplace(room, world, room, tokens).first->second;
    found.go_on();
    return found;
  }
};

/// What a deployment says of messages: of the same always the same.
enum class opinion { allow, modify, reject, none };
inline opinion opinion_of(const std::string& text) {
  if (!text.starts_with("text of ")) return opinion::allow;
  switch (std::stoull(text.substr(text.rfind('-') + 1)) % 7) {
    case 3:
      return opinion::reject;
    case 4:
      return opinion::modify;
    case 5:
      return opinion::none;
    default:
      return opinion::allow;
  }
}

/// A deployment that is asked about messages in all rooms but one, and answers when the schedule says so.
class simulated_hooks final : public actors::asked_hooks {
 public:
  static bool checks(const std::string& room) { return room != "r1"; }
  bool checks(const room_id& room) const noexcept override { return checks(room.value()); }
  bool has_files() const noexcept override { return false; }
  void ask(rooms::message_question what, hear then) override {
    if (over_) return;
    constexpr std::size_t before_key = 8;  // "text of "
    if (!what.edits) {
      const auto name = what.from.user.value() + "|" + what.from.room.value() + "|" +
                        what.what.text.substr(before_key);
      if (in->acknowledged.contains(name)) asked_again = name;
    }
    waiting_.push_back({std::move(what), std::move(then)});
  }
  void ask(rooms::upload_question, hear) override {}
  void ask(rooms::download_question, hear) override {}

  /// One of the questions, whichever; false: there is none.
  bool answer(std::uint64_t random) {
    if (waiting_.empty()) return false;
    const auto at = waiting_.begin() + static_cast<std::ptrdiff_t>(random % waiting_.size());
    auto [what, then] = std::move(*at);
    waiting_.erase(at);
    const auto says = opinion_of(what.what.text);
    if (says == opinion::reject) return then(rooms::refusal(error_code::rejected, "no")), true;
    if (says == opinion::modify) what.what.text += " !";
    then(rooms::let_through{std::move(what.what), std::move(what.where), says == opinion::none});
    return true;
  }
  void end() {
    over_ = true;
    waiting_.clear();
  }

  const schedule* in = nullptr;
  std::string asked_again;  // what was acknowledged before

 private:
  bool over_ = false;
  std::vector<std::pair<rooms::message_question, hear>> waiting_;
};

/// One device of a user, as a careful client library would run it: keeps its logs over
/// reconnects, resumes with `since`, repeats what was not acknowledged; and checks the promises of
/// PROTOCOL §6 on every frame it gets.
class simulated_client {
 public:
  simulated_client(schedule& in, std::string user, std::string device)
      : in_(in), user_(std::move(user)), device_(std::move(device)) {}

  bool connected() const { return link_ && !link_->gone() && !link_->closed(); }
  bool ready() const { return connected() && welcomed_; }
  bool has_joined(const std::string& room) const {
    const auto log = logs_.find(room);
    return log != logs_.end() && log->second.joined;
  }
  const std::set<std::string>& wanted() const { return wanted_; }
  bool unacknowledged() const { return !unacknowledged_.empty(); }
  /// For which reply; empty if for none.
  std::string waits_for() const {
    return awaited_.empty() ? ""
                            : awaited_.begin()->second.about + " " + awaited_.begin()->second.room;
  }
  const std::string& user() const { return user_; }
  client* link() const { return link_; }

  // --- what it does ---
  void connect() {
    hang_up();
    link_ = &in_.world.connect_on(static_cast<unsigned>(in_.pick(in_.world.env.board.shards())),
                                  {in_.pick(2) ? codec::json : codec::cbor, false});
    json hello{{"type", "hello"}, {in_.tokens.contains(user_) ? "token" : "guest", user_}};
    for (const auto& room : wanted_) {
      const auto& log = logs_[room];
      if (!log.last) continue;
      hello["resume"].push_back({{"room", room}, {"since", *log.last}, {"epoch", log.epoch}});
      resumes_.emplace(room, *log.last);
    }
    ask(std::move(hello), {"hello", {}, {}, {}, 0});
  }
  void hang_up() {
    if (link_) link_->disconnect();
    link_ = nullptr;
    welcomed_ = false;
    awaited_.clear();
    answered_.clear();
    resumes_.clear();
    direct_seen_.clear();
    direct_heads_.clear();
    for (auto& [room, log] : logs_) log.joined = log.catching_up = false;
  }
  void join(const std::string& room, bool as_member = false) {
    auto& log = logs_[room];
    json command{{"type", "join"}, {"room", room}, {"member", as_member}};
    if (log.last) {
      command["since"] = *log.last;
      command["epoch"] = log.epoch;
    } else if (in_.pick(3) == 0) {
      command["since"] = 0;
    }
    question about{"join", room, {}, {}, 0};
    if (command.contains("since")) about.since = command["since"];
    ask(std::move(command), about);
    if (!room.starts_with("dm:")) wanted_.insert(room);
  }
  void leave(const std::string& room, bool as_member = false) {
    wanted_.erase(room);
    ask({{"type", "leave"}, {"room", room}, {"member", as_member}}, {"leave", room, {}, {}, 0});
  }
  /// Whether it may is for the room to say.
  void change_member(const std::string& room, const std::string& user) {
    json command{{"type", "set_member"}, {"room", room}, {"users", {user}}};
    const auto soon = in_.world.now().value() + static_cast<std::int64_t>(in_.pick(200));
    switch (in_.pick(8)) {
      case 0:
        command["state"] = "banned";
        if (in_.pick(2)) command["delete_ms"] = 86'400'000;
        break;
      case 1:
        command["state"] = "banned";
        command["until"] = soon;
        break;
      case 2:
        command["state"] = "unbanned";
        break;
      case 3:
        command["state"] = "removed";
        break;
      case 4:
        command["mute_until"] = soon;
        break;
      case 5:
        command["role"] = std::array{"reader", "member", "moderator", "owner"}[in_.pick(4)];
        break;
      default:
        command["state"] = "invited";
    }
    ask(std::move(command), {"change", room, {}, {}, 0});
  }
  void change_settings(const std::string& room) {
    const std::vector<json> all{
        {{"slow_ms", 50}},           {{"slow_ms", 0}},           {{"visibility", "private"}},
        {{"visibility", "public"}},  {{"visitors", "none"}},     {{"visitors", "write"}},
        {{"posting", "moderators"}}, {{"posting", "all"}},       {{"posting", "threads"}},
        {{"visibility", "invite"}},  {{"history", "own"}},       {{"history", "all"}},
        {{"inviting", "moderators"}}, {{"inviting", "members"}}, {{"archived", true}},
        {{"archived", false}},       {{"archived", false}},
    };
    auto command = all[in_.pick(all.size())];
    command["type"] = "set_room";
    command["room"] = room;
    ask(std::move(command), {"change", room, {}, {}, 0});
  }
  /// Whoever believes to be in a room must be.
  void probe(const std::string& room) {
    ask({{"type", "history"}, {"room", room}}, {"probe", room, {}, {}, 0});
  }
  void send(const std::string& room) {
    json command{{"type", "send"}, {"room", room}};
    // Elsewhere it must be stored in the end, also where the root is none.
    if (const auto& log = logs_[room]; has_roles(room) && log.last.value_or(0) > 0 && in_.pick(4) == 0)
      command["thread"] = in_.pick(*log.last) + 1;
    repeat(remember(std::move(command)));
  }
  void direct(const std::string& to) { repeat(remember({{"type", "direct"}, {"to", to}})); }
  /// Something that was acknowledged, or not yet, once more.
  void repeat_any() {
    if (said_.empty()) return;
    auto at = said_.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(in_.pick(said_.size())));
    repeat(at->first);
  }
  void repeat_unacknowledged() {
    for (const auto& key : std::set<std::string>{unacknowledged_}) {
      const auto& command = said_.at(key);
      // With a key also from outside: whether it was stored comes before any right.
      if (command["type"] == "direct" || has_joined(command["room"]) || has_roles(command["room"]))
        repeat(key);
      else
        join(command["room"]);
    }
  }
  void change(const std::string& room) {
    const auto& log = logs_[room];
    if (!log.last || *log.last == 0) return;
    json command{{"room", room}, {"target", in_.pick(*log.last) + 1}};
    switch (in_.pick(6)) {
      case 0:
        command["type"] = "edit";
        command["text"] = "edited by " + user_;
        break;
      case 1:
        command["type"] = "delete";
        break;
      case 2:
        command["type"] = "react";
        command["emoji"] = "+";
        break;
      case 3:
        command["type"] = "pin";
        break;
      case 4:
        command["type"] = "unpin";
        break;
      default:
        command["type"] = "unreact";
        command["emoji"] = "+";
    }
    ask(std::move(command), {"change", room, {}, {}, 0});
  }
  void other(const std::string& room) {
    const std::vector<json> all{
        {{"type", "typing"}, {"room", room}, {"on", in_.pick(2) == 0}},
        {{"type", "history"}, {"room", room}},
        {{"type", "rooms"}},
        {{"type", "signal"}, {"to", "user0"}, {"data", json::object()}},
    };
    ask(all[in_.pick(all.size())], {"other", room, {}, {}, 0});
  }
  void list(const std::string& room) {
    const auto* type = std::array{"members", "pins", "threads", "history"}[in_.pick(4)];
    ask({{"type", type}, {"room", room}}, {"list", room, {}, {}, in_.replay(room).head()});
  }

  // --- what it gets ---
  /// Looks at the frames that came since the last time.
  void look() {
    if (!link_) return;
    const auto& got = link_->received();
    for (; seen_of_ == link_ && seen_ < got.size(); ++seen_) take(got[seen_]);
    if (seen_of_ != link_) {
      seen_of_ = link_;
      seen_ = 0;
      return look();
    }
    if (link_->closed()) {
      promise(in_.faults && link_->close_code() == 1011,
              "closed with " + std::to_string(link_->close_code()));
      hang_up();
    }
  }
  /// At rest, after the faults: what it has is what the journal has.
  void check_converged() {
    for (const auto& room : wanted_) {
      const auto& log = logs_.at(room);
      promise(log.joined && !log.catching_up, user_ + " is not back in " + room);
      promise(log.last == in_.world.stored_room(room).head.value(),
              user_ + " has not all of " + room);
    }
    if (in_.reads_fail) return;
    for (const auto& [room, head] : direct_heads_of_all()) {
      const auto seen = direct_seen_.find(room);
      const auto last = seen == direct_seen_.end() ? head : seen->second;
      promise(last == in_.world.stored_room(room).head.value(), user_ + " missed some of " + room);
    }
  }
  /// The entries it has seen as they came, of one room.
  const std::map<std::uint64_t, json>& entries_of(const std::string& room) {
    return logs_[room].entries;
  }

  /// The same entry, whose content may have been deleted before it was read again.
  static bool same_but_taken_away(json before, json now) {
    if (now.contains("text")) return before == now;
    for (auto* each : {&before, &now}) each->erase("text"), each->erase("deleted");
    return before == now;
  }

 private:
  /// In the others everybody may everything.
  static bool has_roles(const std::string& room) { return room == "team"; }

  struct room_log {
    bool joined = false;
    bool catching_up = false;
    std::optional<std::uint64_t> last;  // has everything up to here
    std::uint64_t known = 0;  // stored when it was let in: who was looked up may have been seen ahead
    std::string epoch;
    std::map<std::uint64_t, json> entries;
  };
  struct question {
    std::string about;
    std::string room;
    std::string key;
    std::optional<std::uint64_t> since;
    std::uint64_t head = 0;  // of the room, as it was stored
  };

  void ask(json command, question about) {
    if (!connected()) return;
    const auto id = link_->next_id();
    command["id"] = id;
    awaited_.emplace(id, std::move(about));
    link_->say(command);
  }
  std::string remember(json command) {
    auto key = device_ + "-" + std::to_string(++last_key_);
    command["key"] = key;
    command["text"] = "text of " + key;
    said_.emplace(key, std::move(command));
    unacknowledged_.insert(key);
    return key;
  }
  void repeat(const std::string& key) {
    const auto& command = said_.at(key);
    ask(command, {"send", command.value("room", ""), key, {}, 0});
  }

  void take(const json& frame) {
    const std::string type = frame["type"];
    question about;
    const bool reply = frame.contains("re");
    if (reply) {
      const auto asked = awaited_.extract(frame["re"].get<std::uint64_t>());
      promise(!asked.empty(),
              "a second reply: " + frame.dump() + " after " + answered_[frame["re"]].dump());
      about = asked.mapped();
      answered_[frame["re"]] = frame;
    }
    if (!welcomed_) return greet(frame);

    if (type == "joined")
      joined(frame, reply ? about.since : resumed(frame["room"]));
    else if (type == "events")
      more(frame);
    else if (type == "left")
      left(frame["room"], reply);
    else if (frame.contains("seq") && !reply)
      live(frame);
    else if (type == "sent")
      sent(frame, about);
    else if (type == "history")
      shown(frame["events"], about.room, frame["head"]);
    else if (type == "members" || type == "pins" || type == "threads")
      listed(frame, about);
    else if (type == "error")
      refused(frame, about);
  }

  void greet(const json& frame) {
    promise(frame["type"] == "welcome", "before welcome came " + frame.dump());
    welcomed_ = true;
    for (const auto& known : frame["directs"]) direct_heads_[known["room"]] = known["head"];
  }
  std::optional<std::uint64_t> resumed(const std::string& room) {
    const auto asked = resumes_.extract(room);
    promise(!asked.empty(), "joined " + room + " without having asked");
    return asked.mapped();
  }

  void left(const std::string& room, bool asked) {
    auto& own = logs_[room];
    own.joined = own.catching_up = false;
    if (!asked) wanted_.erase(room);
  }
  void joined(const json& frame, std::optional<std::uint64_t> since) {
    const std::string room = frame["room"];
    auto& own = logs_[room];
    promise(own.epoch.empty() || frame["epoch"] == own.epoch, "the epoch changed");
    const auto& replay = in_.replay(room);
    // Who reads from his own coming on has a gap before it.
    if (frame["gap"] == true && replay.read_own_only_once()) since.reset();
    promise(frame["gap"] == false || !since, "a gap where nothing is missing: " + frame.dump());
    own.epoch = frame["epoch"];
    own.joined = false;
    own.known = replay.head();
    const bool more = frame.value("more", false);
    let_in(replay, frame, more);
    if (since) {
      own.last = *since;
      for (const auto& entry : frame["events"]) append(room, own, entry);
      promise(more || own.last == frame["head"], "not up to head: " + frame.dump());
    } else {
      std::uint64_t last = 0;
      for (const auto& shown : frame["events"]) {
        promise(shown["seq"] > last, "not ascending");
        last = shown["seq"];
      }
      promise(last <= frame["head"], "beyond head");
      own.last = frame["head"].get<std::uint64_t>();
    }
    own.catching_up = more;
    own.joined = !more;
    if (!more) seen_directly(room, *own.last);
  }
  /// A page of the journal is read later than it was judged who may read it from where on.
  void let_in(const room_replay& replay, const json& frame, bool more) {
    const std::string room = frame["room"];
    const auto& events = frame["events"];
    const std::uint64_t head = frame["head"];
    const bool paged = more || events.empty();
    const std::uint64_t first = paged ? head + 1 : events[0]["seq"].get<std::uint64_t>();
    if (!in_.reads_fail)
      promise(replay.lets_read(user_, first, head, replay.head()),
              user_ + " may not read " + room + ": " + frame.dump());
    check_taken_away(replay, events, head);
  }
  void more(const json& frame) {
    const std::string room = frame["room"];
    auto& own = logs_[room];
    promise(own.catching_up, "more of nothing");
    const auto& events = frame["events"];
    for (const auto& entry : events) append(room, own, entry);
    check_taken_away(in_.replay(room), events, *own.last);
    own.catching_up = frame["more"];
    own.joined = !own.catching_up;
    if (own.joined) seen_directly(room, *own.last);
  }
  void live(const json& frame) {
    const std::string room = frame["room"];
    auto& own = logs_[room];
    promise(!own.catching_up, "a live event within a catch-up: " + frame.dump());
    if (own.joined) {
      append(room, own, frame);
      seen_directly(room, *own.last);
      return;
    }
    promise(room.starts_with("dm:"), "an event of a room not joined: " + frame.dump());
    const std::uint64_t seq = frame["seq"];
    const auto before = direct_seen_.find(room);
    if (before != direct_seen_.end())
      promise(seq == before->second + 1, "out of order: " + frame.dump());
    else if (!in_.reads_fail)
      promise(seq <= direct_heads_[room] + 1, "a hole after welcome: " + frame.dump());
    compare(room, frame);
    direct_seen_[room] = seq;
  }
  void seen_directly(const std::string& room, std::uint64_t seq) {
    if (room.starts_with("dm:")) direct_seen_[room] = seq;
  }
  void append(const std::string& room, room_log& own, const json& entry) {
    promise(entry["seq"] == *own.last + 1,
            user_ + " has " + std::to_string(*own.last) + " and got " + entry.dump());
    compare(room, entry);
    if (!in_.reads_fail && *own.last >= own.known)
      promise(in_.replay(room).lets_in(user_, *own.last),
              user_ + " had to be out of " + room + " before " + entry.dump());
    own.last = *own.last + 1;
    const auto [at, fresh] = own.entries.emplace(*own.last, entry);
    promise(fresh || same_but_taken_away(at->second, entry),
            "it was something else before: " + entry.dump());
  }
  /// Messages in their present form, as of an entry, for who may see them.
  void shown(const json& events, const std::string& room, std::uint64_t head) {
    const auto& replay = in_.replay(room);
    if (!in_.reads_fail)
      promise(replay.lets_in(user_, head), user_ + " was not to read " + room);
    check_taken_away(replay, events, head);
  }
  /// Of when they are the others do not say: not older than the question.
  void listed(const json& frame, const question& about) {
    const auto& replay = in_.replay(about.room);
    const std::string type = frame["type"];
    if (type == "members") {
      const std::uint64_t head = frame["seq"];
      if (!in_.reads_fail) promise(replay.lets_in(user_, head), user_ + " may not list " + about.room);
      if (about.room.starts_with("dm:")) return;
      std::map<std::string, role> told;
      for (const auto& one : frame["members"])
        told.emplace(one["id"], *role_named(one["role"].get<std::string>()));
      promise(told == replay.members(head), "the members were others: " + frame.dump());
      return;
    }
    if (!in_.reads_fail)
      promise(replay.lets_in(user_, about.head, replay.head()), user_ + " may not list " + about.room);
    if (type == "threads") return check_taken_away(replay, frame["events"], about.head);
    std::vector<seq_no> told;
    for (const auto& pin : frame["pins"])
      told.push_back(seq_no{pin["message"]["seq"].get<std::uint64_t>()});
    promise(replay.pins_were(told, about.head, replay.head()), "the pins were others: " + frame.dump());
  }
  /// What was deleted when a frame was made is not in it: it is as of an entry.
  static void check_taken_away(const room_replay& replay, const json& events, std::uint64_t head) {
    for (const auto& event : events) {
      if (!event.contains("text")) continue;
      const std::uint64_t message = event.value("target", event["seq"].get<std::uint64_t>());
      promise(!replay.was_deleted(message, head), "deleted, and sent again: " + event.dump());
    }
  }

  /// What was seen may have been deleted since.
  static bool has_content_of(const json& entry, const content& stored) {
    return stored.empty() || entry.value("text", "") == stored.text;
  }
  /// G1: what is seen is stored.
  void compare(const std::string& room, const json& entry) {
    const auto stored = in_.world.stored_entry(room, entry["seq"]);
    promise(stored.has_value(), "visible before durable: " + entry.dump());
    bool same = entry["from"] == stored->from.value() && entry["at"] == stored->at.value() &&
                entry.value("key", "") == stored->key;
    if (const auto target = target_of(stored->body))
      same = same && entry["target"] == target->value();
    if (const auto* message = std::get_if<posted>(&stored->body)) {
      same = same && entry["type"] == "message" && has_content_of(entry, message->what);
      const auto& text = message->what.text;
      if (in_.moderated && simulated_hooks::checks(room) && !text.empty()) {
        const auto says = opinion_of(text);
        promise(says != opinion::reject, "rejected, and said: " + entry.dump());
        promise(text.ends_with(" !") == (says == opinion::modify), "not as it was made: " + entry.dump());
        promise(entry.value("unchecked", false) == (says == opinion::none), "checked or not: " + entry.dump());
      }
    }
    if (const auto* edit = std::get_if<edited>(&stored->body))
      same = same && entry["type"] == "edited" && has_content_of(entry, edit->what);
    promise(same, "the journal has something else: " + entry.dump());
  }

  void sent(const json& frame, const question& about) {
    const std::string room = frame["room"];
    const std::uint64_t seq = frame["seq"];
    const auto [known, first] = in_.acknowledged.emplace(user_ + "|" + room + "|" + about.key, seq);
    promise(known->second == seq, "two effects of one key: " + frame.dump());
    promise(first || frame.value("duplicate", false), "not called a duplicate: " + frame.dump());
    const auto stored = in_.world.stored_entry(room, seq);
    promise(stored && stored->key == about.key, "acknowledged before durable: " + frame.dump());
    if (!frame.value("duplicate", false)) {
      const auto& own = logs_[room];
      if (own.joined) promise(*own.last < seq, "the event came before the reply: " + frame.dump());
      const auto before = direct_seen_.find(room);
      if (before != direct_seen_.end())
        promise(before->second < seq, "the event came before the reply: " + frame.dump());
    }
    unacknowledged_.erase(about.key);
  }
  void refused(const json& frame, const question& about) {
    const std::string code = frame["code"];
    static const std::set<std::string> usual{"not_joined", "forbidden", "no_such_message",
                                             "no_such_room"};
    static const std::set<std::string> where_roles_are{
        "banned", "muted", "read_only", "slow_mode", "not_member", "conflict", "bad_request"};
    const auto room = frame.value("room", about.room);
    if (in_.moderated && code == "rejected") {
      promise(opinion_of(said_.at(about.key)["text"]) == opinion::reject, "rejected: " + frame.dump());
      unacknowledged_.erase(about.key);
      return;
    }
    const bool may_refuse = has_roles(room);
    promise(in_.faults || usual.contains(code) || may_refuse, "refused: " + frame.dump());
    promise(in_.faults || about.about != "join" || code == "no_such_room" || may_refuse,
            "could not join: " + frame.dump());
    promise(about.about != "probe" || code != "not_joined", user_ + " is not in " + room);
    if (!may_refuse || !(usual.contains(code) || where_roles_are.contains(code))) return;
    // That is the last word, unless it had been stored before.
    promise(about.key.empty() || !in_.acknowledged.contains(user_ + "|" + room + "|" + about.key),
            "refused what had been acknowledged: " + frame.dump());
    unacknowledged_.erase(about.key);
    if (about.about != "send" && about.about != "change" && about.about != "list") {
      wanted_.erase(room);
      resumes_.erase(room);
    }
  }
  std::map<std::string, std::uint64_t> direct_heads_of_all() {
    auto heads = direct_heads_;
    for (const auto& [room, seq] : direct_seen_) heads.try_emplace(room, 0);
    return heads;
  }

  schedule& in_;
  std::string user_;
  std::string device_;  // begins its keys
  client* link_ = nullptr;
  bool welcomed_ = false;
  const client* seen_of_ = nullptr;
  std::size_t seen_ = 0;
  std::map<std::uint64_t, question> awaited_;
  std::map<std::uint64_t, json> answered_;
  std::map<std::string, std::uint64_t> resumes_;
  std::map<std::string, room_log> logs_;
  std::set<std::string> wanted_;
  std::map<std::string, json> said_;
  std::set<std::string> unacknowledged_;
  std::map<std::string, std::uint64_t> direct_seen_;   // on this connection
  std::map<std::string, std::uint64_t> direct_heads_;  // as `welcome` said
  std::uint64_t last_key_ = 0;
};

}  // namespace confab::test
