#include "api/answers.hpp"
#include "api/auditing.hpp"
#include "api/handlers.hpp"
#include "protocol/whole_number.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace confab::api {
namespace {

constexpr std::string_view call_type = "api.call";
/// What one answer looks through for what is asked for.
constexpr int pages_max = 8;
/// Calls are told of for so long.
constexpr std::chrono::hours calls_kept{24 * 400};

bool is_about_others(scope of) noexcept {
  return of == scope::users || of == scope::erase || of == scope::hooks || of == scope::node ||
         of == scope::tokens;
}

/// Says what was answered, and passes on all else.
class noted_exchange final : public exchange {
 public:
  noted_exchange(std::shared_ptr<exchange> to, std::function<void(unsigned)> then)
      : to_(std::move(to)), then_(std::move(then)) {}
  const request_view& asked() const override { return to_->asked(); }
  bool over() const noexcept override { return to_->over(); }
  void answer(response what) override {
    const auto status = what.status;
    to_->answer(std::move(what));
    then_(status);
  }
  std::shared_ptr<stream> open(response head, std::function<void()> on_writable,
                               std::function<void()> on_closed) override {
    return to_->open(std::move(head), std::move(on_writable), std::move(on_closed));
  }

 private:
  const std::shared_ptr<exchange> to_;
  const std::function<void(unsigned)> then_;
};

/// What stands in the server's log of a call: nothing of its body but whom it is about.
json note_of(const call& of) {
  json note{{"call", of.row->id}};
  for (const auto* name : {"user", "room", "webhook"})
    if (const auto& value = of.in_path(name); !value.empty()) note[name] = value;
  if (const auto* user = of.in_body("user"); user && user->is_string()) note["user"] = *user;
  return note;
}

void keep(backend& chat, json note, const std::string& key, unsigned status) {
  note["status"] = status;
  auto by = rooms::server_principal();
  by.api_key = key;
  std::vector<rooms::operation> what;
  what.push_back({rooms::server_room, std::move(by), {},
                  rooms::record_event{std::string{call_type}, free_data{note.dump()}}, {}});
  chat.submit(std::move(what), [](const auto&) {});
}

}  // namespace

void note_answer(const call_ptr& of) {
  if (!is_about_others(of->row->need) || of->row->method == "GET") return;
  of->to = std::make_shared<noted_exchange>(
      std::move(of->to),
      [&chat = *of->chat, note = note_of(*of), key = of->key->name](unsigned status) {
        keep(chat, note, key, status);
      });
}

void refusals::note(const call& of) {
  if (!is_about_others(of.row->need)) return;
  const auto now = of.chat->steady_now();
  {
    const std::lock_guard lock{border_};
    const auto [at, fresh] = last_.try_emplace(of.key->name, now);
    if (!fresh && now - at->second < std::chrono::seconds{1}) return;
    at->second = now;
  }
  constexpr unsigned forbidden = 403;
  keep(*of.chat, note_of(of), of.key->name, forbidden);
}

namespace {

struct wanted_entries {
  const api_key& key;
  std::optional<user_id> from;
  std::optional<std::string> room;
  unix_ms now;

  bool has(journal::reader& of, const journal::feed_item& item) const {
    if (from && item.entry.from != *from) return false;
    if (item.room != rooms::server_room) {
      if ((room && item.room.view() != *room) || !key.sees(item.room)) return false;
      return is_of_others(of, item);
    }
    const auto* event = std::get_if<recorded>(&item.entry.body);
    if (!event || event->type == "report.created") return !event && !room;
    const bool is_call = event->type == call_type;
    if (is_call && from) return false;  // a key's, and nobody's
    if (is_call && now.value() - item.entry.at.value() > std::chrono::milliseconds{calls_kept}.count())
      return false;
    if (!room) return true;
    const auto data = json::parse(event->data.value(), nullptr, false);
    return data.is_object() && data.value("room", "") == *room;
  }
  /// What one said oneself one may take away.
  static bool is_of_others(journal::reader& of, const journal::feed_item& item) {
    const auto* gone = std::get_if<deleted>(&item.entry.body);
    if (!gone || !item.entry.by.empty()) return true;
    const auto said = of.entries(item.room, seq_no{gone->target.value() - 1}, gone->target, 1,
                                 limits::page_bytes_max);
    return !said || said->empty() || said->front().from != item.entry.from;
  }
};

void put_item(writing& out, const journal::feed_item& item) {
  out.put("pos", item.position);
  out.put("at", item.entry.at);
  out.put_text("by", item.entry.by);
  const auto* event = std::get_if<recorded>(&item.entry.body);
  if (event && event->type == call_type) return out.raw("call", event->data.value());
  if (item.room != rooms::server_room) out.put("room", item.room);
  out.member_event("entry", item.room, item.entry);
}

}  // namespace

namespace handlers {

/// A page may hold little, or nothing, and go on all the same.
void audit(service& api, of_call of) {
  auto place = api.place_in(*of, 'a');
  if (const auto* why = std::get_if<problem>(&place)) return of->refuse(*why);
  const auto& text = std::get<std::string>(place);
  const auto after = text.empty() ? std::optional<std::uint64_t>{0} : whole_number(text);
  if (!after) return of->refuse(bad_request("?cursor", "must be the next of an earlier page"));
  api.read(of, "", [&api, of, after = *after](journal::reader& from) {
    const auto* author = of->in_query("from");
    const auto* room = of->in_query("room");
    const wanted_entries wanted{*of->key, author ? std::optional{user_id::trusted(*author)} : std::nullopt,
                                room ? std::optional{*room} : std::nullopt, api.chat().now()};
    std::vector<journal::feed_item> found;
    auto position = after;
    bool more = true;
    for (int i = 0; i < pages_max && more && found.size() < of->limit(); ++i) {
      auto page = from.audited(position, of->limit(), limits::page_bytes_max);
      if (!page) return of->refuse(unreadable(page.why()));
      more = !page->empty();
      for (auto& item : *page) {
        if (found.size() == of->limit()) break;
        position = item.position;
        if (wanted.has(from, item)) found.push_back(std::move(item));
      }
    }
    writing out;
    out.array("items", found,
              [&](const auto& item) { out.object([&] { put_item(out, item); }); });
    if (more) out.put("next", std::string_view{api.cursor_of('a', std::to_string(position))});
    of->answer(200, out.done());
  });
}

}  // namespace handlers
}  // namespace confab::api
