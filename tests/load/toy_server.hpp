#pragma once

#include "load/crowd.hpp"
#include "load/timers.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace confab::load::test {

using json = nlohmann::ordered_json;

/// A crowd and a chat server of a few lines, in virtual time and without I/O. The server keeps its
/// promises unless a test tells it otherwise.
class toy_world final : public outlet {
 public:
  explicit toy_world(scenario how) {
    plan.scenario = std::move(how);
    plan.run = 0xabcd1234;
  }
  static scenario small(std::uint64_t users, std::uint64_t rooms = 1) {
    scenario out;
    out.users = users;
    out.rooms = rooms;
    out.rooms_per_user = rooms;
    out.ramp_per_s = 1000;
    out.think_s = 1;
    return out;
  }

  load_plan plan;
  history_log* history = nullptr;

  // How the server is.
  bool is_up = true;
  bool answers = true;                    // takes commands, but says nothing
  bool is_frozen = false;                 // says nothing, not even what it had begun to
  std::optional<std::string> send_error;  // instead of `sent`
  std::int64_t answer_after_us = 0;
  /// May change what one member is about to be shown of one new entry.
  std::function<void(std::uint32_t session, std::vector<json>& frames)> spoil;

  struct room {
    std::vector<json> log;  // seq 1 first
    std::set<std::uint32_t> members;
    std::string epoch = "e1";
  };
  std::map<std::string, room> rooms;
  std::vector<json> said;  // by all users, in order
  std::vector<std::int64_t> connects_us;

  crowd& users() {
    if (!crowd_) crowd_ = std::make_unique<crowd>(plan, 0, *this, history);
    return *crowd_;
  }
  const checks& found() { return users().tally().checks; }
  std::int64_t now_us() const { return now_us_; }

  /// Everything that happens up to then.
  void run_until(double s) {
    users();
    const auto end_us = static_cast<std::int64_t>(s * 1e6);
    for (;;) {
      const auto timer = timers_.next_due(), event = events_.next_due();
      const auto next = std::min(timer.value_or(INT64_MAX), event.value_or(INT64_MAX));
      if (next > end_us) break;
      now_us_ = std::max(now_us_, next);
      if (event && *event == next) {
        const auto which = *events_.take(now_us_);
        const auto action = std::move(actions_.at(which));
        actions_.erase(which);
        action();
      } else {
        crowd_->woken(*timers_.take(now_us_), now_us_);
      }
    }
    now_us_ = end_us;
  }
  /// Until nothing is owed any more, and then the end.
  void finish() {
    users().stop_sending(now_us_);
    run_until(static_cast<double>(now_us_) / 1e6 + 20);
    users().finish(heads(), now_us_);
    users().take_second();
    const std::array<const crowd*, 1> all{&users()};
    users().count_undelivered(all);
  }
  std::vector<std::uint64_t> heads() {
    std::vector<std::uint64_t> out;
    for (std::size_t i = 0; i < users().checker().fixed_rooms(); ++i)
      out.push_back(users().checker().rooms()[i].head);
    return out;
  }

  void close(std::uint32_t session, std::uint16_t code, const std::string& reason = {}) {
    drop(session);
    crowd_->closed(session, code, reason, now_us_);
  }
  void close_all(std::uint16_t code, const std::string& reason = {}) {
    const auto all = alive_;
    for (const auto& [session, generation] : all) close(session, code, reason);
  }
  void say(std::uint32_t session, const json& what) {
    soon(session, [this, session, text = what.dump()] {
      crowd_->received(session, websocket::opcode::text, text, now_us_);
    });
  }
  std::size_t said_count(std::string_view type) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(said, [&](const json& each) { return each["type"] == type; }));
  }

 private:
  void connect(std::uint32_t session) override {
    connects_us.push_back(now_us_);
    if (!is_up) {
      later(0, [this, session] { crowd_->closed(session, 1006, "connection refused", now_us_); });
      return;
    }
    alive_[session] = ++generation_;
    soon(session, [this, session] { crowd_->opened(session, now_us_); });
  }
  void drop(std::uint32_t session) override {
    alive_.erase(session);
    for (auto& [name, in] : rooms) in.members.erase(session);
  }
  void wake_at(std::int64_t due_us, wake what) override { timers_.at(due_us, what); }

  void write(std::uint32_t session, websocket::opcode, std::string_view payload) override {
    if (!alive_.contains(session)) return;
    const auto command = json::parse(payload);
    said.push_back(command);
    if (answers && !is_frozen) answer(session, command);
  }

  void answer(std::uint32_t session, const json& command) {
    const auto re = command.value("id", 0);
    const auto type = command["type"].get<std::string>();
    if (type == "hello") {
      names_[session] = command["guest"];
      say(session, {{"type", "welcome"}, {"re", re}, {"directs", json::array()}});
      for (const auto& each : command.value("resume", json::array())) admit(session, each, 0);
    } else if (type == "join") {
      admit(session, command, re);
    } else if (type == "leave") {
      rooms[command["room"]].members.erase(session);
      say(session, {{"type", "left"}, {"re", re}, {"room", command["room"]}});
    } else if (type == "history") {
      say(session,
          {{"type", "history"}, {"re", re}, {"room", command["room"]}, {"events", json::array()}});
    } else if (type == "send") {
      if (send_error)
        say(session, {{"type", "error"},
                      {"re", re},
                      {"code", *send_error},
                      {"message", ""},
                      {"retry", true}});
      else
        append(session, command, re);
    }
  }

  void admit(std::uint32_t session, const json& at, int re) {
    auto& in = rooms[at["room"]];
    json out{{"type", "joined"}};
    if (re > 0) out["re"] = re;
    const auto since = at.value("since", in.log.size());
    const bool is_gap = since > in.log.size() || at.value("epoch", in.epoch) != in.epoch;
    out.update(
        {{"room", at["room"]}, {"epoch", in.epoch}, {"head", in.log.size()}, {"gap", is_gap}});
    out["events"] = json::array();
    for (auto i = since; i < in.log.size() && !is_gap; ++i) out["events"].push_back(in.log[i]);
    in.members.insert(session);
    say(session, out);
  }

  void append(std::uint32_t session, const json& command, int re) {
    const std::string name = command["room"];
    auto& in = rooms[name];
    const auto known = std::ranges::find_if(in.log, [&](const json& each) {
      return each["key"] == command["key"] && each["from"] == names_[session];
    });
    const bool is_new = known == in.log.end();
    const auto seq = is_new ? in.log.size() + 1 : (*known)["seq"].get<std::size_t>();
    json sent{{"type", "sent"}, {"re", re}, {"room", name}, {"seq", seq}, {"durability", "disk"}};
    if (!is_new) sent["duplicate"] = true;
    say(session, sent);
    if (!is_new) return;
    in.log.push_back({{"type", "message"},
                      {"room", name},
                      {"seq", seq},
                      {"at", 1},
                      {"from", names_[session]},
                      {"key", command["key"]},
                      {"text", command["text"]}});
    for (const auto member : in.members) {
      std::vector<json> frames{in.log.back()};
      if (spoil) spoil(member, frames);
      for (const auto& each : frames) say(member, each);
    }
  }

  void later(std::int64_t after_us, std::function<void()> what) {
    events_.at(now_us_ + after_us, ++last_event_);
    actions_[last_event_] = std::move(what);
  }
  /// On this connection, unless it has ended by then.
  void soon(std::uint32_t session, std::function<void()> what) {
    later(answer_after_us, [this, session, generation = alive_[session], what = std::move(what)] {
      const auto found = alive_.find(session);
      if (!is_frozen && found != alive_.end() && found->second == generation) what();
    });
  }

  std::unique_ptr<crowd> crowd_;
  timers<wake> timers_;
  timers<std::uint64_t> events_;
  std::map<std::uint64_t, std::function<void()>> actions_;
  std::uint64_t last_event_ = 0, generation_ = 0;
  std::map<std::uint32_t, std::uint64_t> alive_;
  std::map<std::uint32_t, std::string> names_;
  std::int64_t now_us_ = 0;
};

}  // namespace confab::load::test
