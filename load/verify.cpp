#include "load/verify.hpp"

#include "protocol/ids.hpp"

#include <algorithm>
#include <charconv>
#include <istream>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace confab::load {
namespace {

constexpr std::size_t findings_max = 20;

/// The fields of one line, from left to right.
class fields {
 public:
  explicit fields(std::string_view line) : rest_{line} {}
  std::string_view text() {
    const auto out = rest_.substr(0, rest_.find(' '));
    if (out.empty()) is_right_ = false;
    rest_.remove_prefix(std::min(rest_.size(), out.size() + 1));
    return out;
  }
  std::uint64_t number() {
    const auto digits = text();
    std::uint64_t out = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
    if (error != std::errc{} || end != digits.data() + digits.size()) is_right_ = false;
    return out;
  }
  /// All were there and well-formed, and nothing follows.
  bool is_right() const { return is_right_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool is_right_ = true;
};

/// A message by its author and that one's count; `count` 0: an entry that is none of ours.
struct message_id {
  std::uint64_t user = 0, count = 0;
  auto operator<=>(const message_id&) const = default;
};
struct entry {
  message_id what;
  std::uint64_t sum = 0;
  bool operator==(const entry&) const = default;
};
struct room {
  std::string epoch;
  std::unordered_map<std::uint64_t, entry> log;
  std::uint64_t owed = 0;  // to those who were up at the end: everything up to there
};
struct sent_message {
  std::uint64_t sum = 0;
  std::string to;
};
/// What one connection is owed of one room.
struct window {
  bool is_open = false;
  std::uint64_t from = 0, next = 1;
  std::vector<std::uint64_t> missing;
};

class verifier {
 public:
  std::string take(std::string_view line) {
    fields in{line};
    const auto kind = in.text();
    if (kind == "run") return {};
    in.number();  // when
    if (kind == "S") return take_sent(in);
    if (kind == "A") return take_acknowledged(in);
    if (kind == "C") ++out_.connections;
    if (kind == "C" || kind == "X") return in.text(), check(in);
    if (kind == "J") return take_joined(in);
    if (kind == "D") return take_delivered(in);
    if (kind == "L") return take_left(in);
    if (kind == "H") {
      auto& owed = rooms_[std::string{in.text()}].owed;
      owed = std::max(owed, in.number());
      return check(in);
    }
    if (kind == "F") {
      quiet_.emplace_back(in.text());
      return check(in);
    }
    return "there is no " + std::string{kind.substr(0, 20)};
  }

  verification finish() {
    for (const auto& name : quiet_)
      for (auto& [in, at] : windows_[name]) close(at, rooms_[in].owed, name, in);
    for (auto& [name, all] : windows_)
      for (auto& [in, at] : all) close(at, 0, name, in);
    for (const auto& [in, all] : rooms_)
      for (const auto& [seq, each] : all.log) check_entry(in, seq, each);
    out_.rooms = static_cast<std::uint64_t>(
        std::ranges::count_if(rooms_, [](const auto& each) { return !each.second.log.empty(); }));
    return std::move(out_);
  }

 private:
  static std::string check(const fields& in) {
    return in.is_right() ? std::string{} : "it is cut off or has other fields";
  }

  void find(std::uint64_t checks::*what, std::string sentence, std::uint64_t count = 1) {
    out_.checks.*what += count;
    if (out_.findings.size() < findings_max) out_.findings.push_back(std::move(sentence));
  }
  static std::string place(std::string_view in, std::uint64_t seq) {
    return std::string{in} + ", seq " + std::to_string(seq);
  }
  static std::string name_of(const message_id& what) {
    return "message " + std::to_string(what.count) + " of user " + std::to_string(what.user);
  }

  std::string take_sent(fields& in) {
    const message_id what{in.number(), in.number()};
    const auto sum = in.number();
    const std::string to{in.text()};
    if (!in.is_right()) return check(in);
    ++out_.sends;
    sent_[what] = {sum, to};
    return {};
  }

  /// Two who saw different things under one seq saw different orders, or one of them saw what is
  /// gone now; the history cannot tell which. No sum (acknowledgements): the author's word counts.
  void stand(std::string_view in, std::uint64_t seq, const entry& what, bool has_sum) {
    auto& all = rooms_[std::string{in}];
    const auto [known, is_new] = all.log.try_emplace(seq, what);
    if (is_new) return;
    if (known->second.what != what.what ||
        (has_sum && known->second.sum != 0 && known->second.sum != what.sum))
      find(&checks::out_of_order, place(in, seq) + ": two different entries were seen there");
    if (has_sum) known->second.sum = what.sum;
  }

  std::string take_acknowledged(fields& in) {
    const message_id what{in.number(), in.number()};
    const auto to = in.text();
    const auto seq = in.number();
    if (!in.is_right()) return check(in);
    ++out_.acks;
    stand(to, seq, {what, 0}, false);
    return {};
  }

  std::string take_joined(fields& in) {
    const std::string name{in.text()}, to{in.text()}, epoch{in.text()}, since{in.text()};
    const auto head = in.number(), gap = in.number();
    if (!in.is_right()) return check(in);
    auto& all = rooms_[to];
    if (!all.epoch.empty() && all.epoch != epoch)
      find(&checks::undurable_seen, to + ": its epoch changed");
    all.epoch = epoch;
    auto& at = windows_[name][to];
    if (since != "-") {
      ++out_.resumes;
      if (!at.is_open) {  // a direct room that nothing came from so far
        std::uint64_t from = 0;
        std::from_chars(since.data(), since.data() + since.size(), from);
        at = {true, from, from + 1, {}};
      }
      if (head + 1 < at.next)
        find(&checks::undurable_seen,
             to + ": " + name + " had seen up to " + std::to_string(at.next - 1) +
                 ", and then its head was " + std::to_string(head),
             at.next - 1 - head);
      if (gap == 0) return {};
    }
    close(at, 0, name, to);
    at = {true, head, head + 1, {}};
    return {};
  }

  std::string take_delivered(fields& in) {
    const std::string name{in.text()}, to{in.text()};
    const auto seq = in.number(), prev = in.number();
    const auto sender = in.text();
    entry what{{0, in.number()}, in.number()};
    if (sender != "-")
      std::from_chars(sender.data(), sender.data() + sender.size(), what.what.user);
    if (!in.is_right()) return check(in);
    ++out_.deliveries;
    auto& at = windows_[name][to];
    if (!at.is_open && to.starts_with(direct_room_prefix)) at = {true, prev, prev + 1, {}};
    if (!at.is_open) {
      find(&checks::wrong_room,
           place(to, seq) + ": came to " + name + ", who was not in that room");
      return {};
    }
    stand(to, seq, what, true);
    if (seq <= at.from) return {};
    const auto missing = std::ranges::find(at.missing, seq);
    if (seq >= at.next) {
      // A hole of millions is one mistake of the server, not millions.
      constexpr std::uint64_t hole_max = 1'000'000;
      for (auto i = at.next; i <= prev && i < at.next + hole_max; ++i) at.missing.push_back(i);
      at.next = seq + 1;
    } else if (missing != at.missing.end()) {
      at.missing.erase(missing);
      find(&checks::out_of_order, place(to, seq) + ": came late to " + name);
    } else {
      find(&checks::duplicated, place(to, seq) + ": came again to " + name);
    }
    return {};
  }

  std::string take_left(fields& in) {
    const std::string name{in.text()}, to{in.text()};
    if (!in.is_right()) return check(in);
    close(windows_[name][to], 0, name, to);
    return {};
  }

  void close(window& at, std::uint64_t head, std::string_view name, std::string_view to) {
    if (!std::exchange(at.is_open, false)) return;
    const auto end = std::max(head, at.next - 1);
    out_.checks.expected += end - at.from;
    for (const auto seq : at.missing)
      find(&checks::lost, place(to, seq) + ": never came to " + std::string{name});
    if (end >= at.next)
      find(&checks::lost,
           place(to, at.next) + " to " + std::to_string(end) + ": never came to " +
               std::string{name},
           end - at.next + 1);
  }

  void check_entry(const std::string& in, std::uint64_t seq, const entry& each) {
    if (each.what.count == 0) return;
    const auto sent = sent_.find(each.what);
    if (sent == sent_.end()) {
      find(&checks::damaged, place(in, seq) + ": " + name_of(each.what) + " was never sent");
      return;
    }
    const auto& [sum, to] = sent->second;
    if (each.sum != 0 && each.sum != sum)
      find(&checks::damaged,
           place(in, seq) + ": " + name_of(each.what) + " was changed on the way");
    if (to.starts_with('@') != in.starts_with(direct_room_prefix) ||
        (!to.starts_with('@') && to != in))
      find(&checks::wrong_room, place(in, seq) + ": " + name_of(each.what) + " was sent to " + to);
    const auto [first, is_new] = placed_.try_emplace(each.what, in, seq);
    if (!is_new)
      find(&checks::duplicated, place(in, seq) + ": " + name_of(each.what) + " stands at " +
                                    place(first->second.first, first->second.second) + ", too");
  }

  verification out_;
  std::map<message_id, sent_message> sent_;
  std::map<message_id, std::pair<std::string, std::uint64_t>> placed_;
  std::unordered_map<std::string, room> rooms_;
  std::unordered_map<std::string, std::unordered_map<std::string, window>> windows_;
  std::vector<std::string> quiet_;
};

}  // namespace

std::variant<verification, std::string> verify_history(std::istream& history) {
  std::string line;
  if (!std::getline(history, line) || !line.starts_with("run "))
    return std::string{"this is no history of confab-load: its first line does not say so"};
  verifier all;
  for (std::size_t number = 2; std::getline(history, line); ++number)
    if (const auto wrong = all.take(line); !wrong.empty())
      return "line " + std::to_string(number) + " is no line of a history: " + wrong;
  return all.finish();
}

}  // namespace confab::load
