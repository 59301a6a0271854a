#include "api/answers.hpp"
#include "api/jobs.hpp"
#include "api/line_stream.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace confab::api {
namespace {

/// Entries that one read looks at for those of a user.
constexpr std::size_t entries_looked_at = 5'000;

/// Lines, each an object with its type.
class lines {
 public:
  template <class Members>
  void add(std::string_view type, Members members) {
    writing out;
    out.put("type", type);
    members(out);
    text_ += out.done();
    text_ += '\n';
    ++count_;
  }
  std::size_t count() const noexcept { return count_; }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
  std::size_t count_ = 0;
};

/// What both kinds have: a number of lines, told at the end, and steps that may fail.
class exporting : public line_stream {
 public:
  exporting(service& with, call_ptr for_call, job what)
      : line_stream(with, std::move(for_call)),
        what_(std::move(what)),
        since_(of_->number_in_query("since")) {}

 protected:
  /// Adds what is next; true at the end. Nothing where it can't be read: the last line is missing then.
  virtual std::optional<bool> add_some(journal::reader& from, lines& into) = 0;
  std::string about() const override { return what_.about; }

  const job what_;
  const std::optional<std::uint64_t> since_;  // a transfer broke behind it

 private:
  void step(journal::reader* from) override {
    lines some;
    const auto done = from ? add_some(*from, some) : std::nullopt;
    if (!done) return end({});
    written_ += some.count();
    if (!*done) return give(some.take(), some.count());
    some.add("end", [&](writing& out) { out.put("lines", std::uint64_t{written_}); });
    end(some.take());
  }

  std::size_t written_ = 0;
};

// --- a room ------------------------------------------------------------------------------------

class room_export final : public exporting {
 public:
  room_export(service& with, call_ptr for_call, job what)
      : exporting(with, std::move(for_call), std::move(what)),
        room_(room_id::trusted(what_.about)),
        after_(since_.value_or(0)) {}

 private:
  static constexpr std::array states{member_state::member, member_state::invited, member_state::banned};

  std::optional<bool> add_some(journal::reader& from, lines& into) override {
    if (!head_) return begin(from, into);
    if (state_ < states.size()) return add_members(from, into);
    const auto page =
        from.entries(room_, after_, *head_, limits::page_entries_max, limits::page_bytes_max);
    if (!page) return std::nullopt;
    for (const auto& entry : *page)
      into.add("entry", [&](writing& out) {
        out.put("room", room_);
        out.member_event("entry", room_, entry);
      });
    if (!page->empty()) after_ = page->back().seq;
    return page->empty() || after_ >= *head_;
  }

  std::optional<bool> begin(journal::reader& from, lines& into) {
    const auto info = from.room(room_);
    if (!info) return std::nullopt;
    head_ = info->head;
    if (since_) {
      state_ = states.size();
      return false;
    }
    into.add("room", [&](writing& out) {
      out.put("room", room_);
      out.put("title", std::string_view{info->title()});
      if (info->settings) out.raw("settings", to_json(without_defaults(*info->settings)));
      out.put("epoch", info->epoch);
      out.put("head", info->head);
      out.put("oldest", info->floor);
      if (info->direct) out.put("users", std::vector{info->direct->first, info->direct->second});
    });
    return false;
  }

  std::optional<bool> add_members(journal::reader& from, lines& into) {
    const auto page = from.members(room_, states[state_], member_, page_count_max);
    if (!page) return std::nullopt;
    for (const auto& one : page->members)
      into.add("member", [&](writing& out) {
        out.put("room", room_);
        out.object("member", [&] { put_listed_member(out, one, {}); });
      });
    if (page->more && !page->members.empty()) {
      member_ = page->members.back().user;
    } else {
      member_.reset();
      ++state_;
    }
    return false;
  }

  const room_id room_;
  std::optional<seq_no> head_;  // when the transfer began
  std::size_t state_ = 0;       // of the members that are next
  std::optional<user_id> member_;
  seq_no after_;
};

// --- a user ------------------------------------------------------------------------------------

class user_export final : public exporting {
 public:
  user_export(service& with, call_ptr for_call, job what)
      : exporting(with, std::move(for_call), std::move(what)),
        user_(user_id::trusted(what_.about)),
        after_(since_.value_or(0)),
        next_(since_ ? part::entries : part::profile) {}

 private:
  enum class part : std::uint8_t { profile, memberships, entries };

  std::optional<bool> add_some(journal::reader& from, lines& into) override {
    switch (next_) {
      case part::profile:
        next_ = part::memberships;
        return add_profile(from, into);
      case part::memberships:
        return add_memberships(from, into);
      case part::entries:
        return add_entries(from, into);
    }
    return true;
  }

  std::optional<bool> add_profile(journal::reader& from, lines& into) {
    const std::vector<user_id> users{user_};
    const auto profiles = from.profiles(users);
    if (!profiles) return std::nullopt;
    for (const auto& one : *profiles)
      into.add("user", [&](writing& out) {
        out.object("user", [&] {
          out.put("user", one.user);
          out.put("name", std::string_view{one.name});
          out.put("data", one.data);
        });
      });
    using kind = rooms::mark::kind;
    for (const auto of : {kind::read_marker, kind::own_settings, kind::block}) {
      const auto marks = from.marks(user_, of);
      if (!marks) return std::nullopt;
      for (const auto& [mark, position] : *marks) add_mark(mark, into);
    }
    return false;
  }

  static void add_mark(const rooms::mark& mark, lines& into) {
    using kind = rooms::mark::kind;
    const auto about = std::string_view{mark.subject};
    if (mark.of == kind::read_marker)
      into.add("marker", [&](writing& out) {
        out.put("room", about);
        out.put("read", mark.value);
      });
    if (mark.of == kind::own_settings)
      into.add("own", [&](writing& out) {
        out.put("room", about);
        out.put("own", rooms::own_of(mark.value, mark.text).set);
      });
    if (mark.of == kind::block && mark.value != 0)
      into.add("block", [&](writing& out) { out.put("blocked", about); });
  }

  std::optional<bool> add_memberships(journal::reader& from, lines& into) {
    journal::room_filter filter;
    filter.hidden_too = true;
    filter.asker = user_;
    auto page = from.rooms(room_, filter, limits::rooms_page_count_max);
    if (!page) return std::nullopt;
    const bool more = page->size() > limits::rooms_page_count_max;
    if (more) page->resize(limits::rooms_page_count_max);
    for (const auto& info : *page)
      if (info.asker.is_kept())
        into.add("membership", [&](writing& out) {
          out.put("room", info.room);
          out.object("member", [&] { put_listed_member(out, {user_, info.asker}, {}); });
        });
    if (more)
      room_ = page->back().room;
    else
      next_ = part::entries;
    return false;
  }

  /// What the user did, and not where others name them.
  std::optional<bool> add_entries(journal::reader& from, lines& into) {
    const auto page = from.traces(user_, after_, entries_looked_at);
    if (!page) return std::nullopt;
    for (const auto& one : page->found) {
      if (one.room == rooms::server_room) continue;
      const auto found = from.entries(one.room, seq_no{one.seq.value() - 1}, one.seq, 1,
                                      limits::page_bytes_max);
      if (!found) return std::nullopt;
      if (found->empty() || found->front().from != user_) continue;
      into.add("entry", [&](writing& out) {
        out.put("pos", one.position);
        out.put("room", one.room);
        out.member_event("entry", one.room, found->front());
      });
    }
    after_ = page->upto;
    return page->at_end;
  }

  const user_id user_;
  std::uint64_t after_;         // a position
  std::optional<room_id> room_;  // behind which memberships go on
  part next_;
};

}  // namespace

void stream_export(service& api, const call_ptr& of, const job& what) {
  std::shared_ptr<line_stream> work;
  if (what.kind == job_kind::export_room)
    work = std::make_shared<room_export>(api, of, what);
  else
    work = std::make_shared<user_export>(api, of, what);
  work->start();
}

}  // namespace confab::api
