#include "api/answers.hpp"
#include "api/handlers.hpp"
#include "protocol/whole_number.hpp"

#include <algorithm>

namespace confab::api::handlers {
namespace {

constexpr std::string_view report_type = "report.created";

std::optional<seq_no> seq_in(std::string_view text) {
  const auto value = whole_number(text);
  return value ? std::optional{seq_no{*value}} : std::nullopt;
}

problem wrong_cursor() { return bad_request("?cursor", "must be the next of an earlier page"); }

/// Whether it is done with is a mark of its own, so that a page of reports costs its answer.
user_id row_of_report(seq_no id) {
  return user_id::trusted("@report:" + std::to_string(id.value()));
}

bool is_closed(journal::reader& from, seq_no id) {
  const auto marks = from.marks(row_of_report(id), rooms::mark::kind::cursor);
  return marks && !marks->empty();
}

}  // namespace

/// Where `after` is given it goes on upwards, else downwards, so that the first page is the latest.
void list_messages(service& api, of_call of) {
  auto before = of->number_in_query("before");
  auto after = of->number_in_query("after");
  if (const auto* text = of->in_query("cursor"); text && (before || after))
    return of->refuse(bad_request("?cursor", "says where: before and after are left out"));
  auto place = api.place_in(*of, 'm');
  if (const auto* why = std::get_if<problem>(&place)) return of->refuse(*why);
  if (const auto& text = std::get<std::string>(place); !text.empty()) {
    const auto seq = seq_in(std::string_view{text}.substr(1));
    if (!seq || (text[0] != 'a' && text[0] != 'b')) return of->refuse(wrong_cursor());
    (text[0] == 'a' ? after : before) = seq->value();
  }
  const auto seq = [](const auto& number) {
    return number ? std::optional{seq_no{*number}} : std::nullopt;
  };
  const auto thread = seq(of->number_in_query("thread"));
  api.read(of, of->room().view(),
           [&api, of, before = seq(before), after = seq(after), thread](journal::reader& from) {
             const auto page = from.messages(of->room(), nobody, before, after, of->limit(),
                                             limits::page_bytes_max, thread);
             if (!page) return of->refuse(unreadable(page.why()));
             writing out;
             out.array("items", page->messages,
                       [&](const auto& each) { out.event(of->room(), each); });
             if (page->more && !page->messages.empty()) {
               const auto& end = after ? page->messages.back() : page->messages.front();
               out.put("next", std::string_view{api.cursor_of(
                                   'm', (after ? "a" : "b") + std::to_string(end.seq.value()))});
             }
             of->answer(200, out.done());
           });
}

void get_message(service& api, of_call of) {
  api.read(of, of->room().view(), [of](journal::reader& from) {
    const auto seq = of->seq();
    const auto page = from.messages(of->room(), nobody, next(seq), seq_no{seq.value() - 1}, 1,
                                    limits::page_bytes_max);
    if (!page) return of->refuse(unreadable(page.why()));
    if (page->messages.empty() || page->messages.front().seq != seq)
      return of->refuse(error_code::no_such_message, "no such message");
    of->answer(200, event_text(of->room(), page->messages.front()));
  });
}

void list_entries(service& api, of_call of) {
  auto since = of->number_in_query("since").value_or(0);
  auto place = api.place_in(*of, 'e');
  if (const auto* why = std::get_if<problem>(&place)) return of->refuse(*why);
  if (const auto& text = std::get<std::string>(place); !text.empty()) {
    const auto seq = seq_in(text);
    if (!seq) return of->refuse(wrong_cursor());
    since = seq->value();
  }
  api.read(of, of->room().view(), [&api, of, since](journal::reader& from) {
    const auto info = from.room(of->room());
    if (!info) return of->refuse(unreadable(info.why()));
    if (since > info->head.value())
      return of->refuse(other_problem(410, "gone", "the room has not come so far"));
    if (since + 1 < info->floor.value()) {
      auto why = other_problem(410, "gone", "entries up to there are gone");
      why.oldest = info->floor;
      return of->refuse(why);
    }
    const auto page = from.entries(of->room(), seq_no{since}, info->head, of->limit(),
                                   limits::page_bytes_max);
    if (!page) return of->refuse(unreadable(page.why()));
    writing out;
    out.array("items", *page, [&](const auto& each) { out.event(of->room(), each); });
    out.put("head", info->head);
    if (!page->empty() && page->back().seq < info->head)
      out.put("next", std::string_view{
                          api.cursor_of('e', std::to_string(page->back().seq.value()))});
    of->answer(200, out.done());
  });
}

// --- search ------------------------------------------------------------------------------------

void search(service& api, of_call of) {
  constexpr double candidates_per_row = 20;
  if (!api.chat().has_search()) return of->refuse(error_code::forbidden, "no search here");
  fields in{of->body, api.limits()};
  auto asked = std::get<command::search>(read_search(in));
  if (const auto& wrong = in.first_fault()) return of->refuse(problem_at("", *wrong));
  const auto charge = [&api, of](double rows) { api.chat().charge(price::rows, of->key->name, rows); };
  charge(asked.limit);
  api.chat().search(
      of->key->name, std::move(asked), [of](const room_id& room) { return of->key->sees(room); },
      [to = of->to] { return !to->over(); }, [of, charge](const std::optional<search_done>& found) {
        if (!found) return of->refuse(error_code::unavailable, "it can't be searched now");
        charge(static_cast<double>(found->candidates) / candidates_per_row);
        writing out;
        out.array("hits", found->page.hits, [&](const message::search_hit& one) {
          out.object([&] {
            out.put("room", one.room);
            out.member_event("message", one.room, one.message);
          });
        });
        out.put_list("users", found->page.users);
        out.put_text("next", found->page.next);
        out.put("upto_at", found->page.upto_at);
        of->answer(200, out.done());
      });
}

// --- reports -----------------------------------------------------------------------------------

/// They are entries of the server's own log, among others: a page looks at so many of these, and
/// may hold few reports, or none, and go on all the same.
void list_reports(service& api, of_call of) {
  const auto* state = of->in_query("state");
  if (state && *state != "open" && *state != "closed")
    return of->refuse(bad_request("?state", "must be open or closed"));
  auto place = api.place_in(*of, 'r');
  if (const auto* why = std::get_if<problem>(&place)) return of->refuse(*why);
  seq_no after;
  if (const auto& text = std::get<std::string>(place); !text.empty()) {
    const auto seq = seq_in(text);
    if (!seq) return of->refuse(wrong_cursor());
    after = *seq;
  }
  api.read(of, rooms::server_room.view(), [&api, of, state, after](journal::reader& from) {
    const auto info = from.room(rooms::server_room);
    if (!info) return of->refuse(unreadable(info.why()));
    const auto page = from.entries(rooms::server_room, after, info->head, page_count_max,
                                   limits::page_bytes_max);
    if (!page) return of->refuse(unreadable(page.why()));
    writing out;
    auto last = after;
    std::size_t count = 0;
    out.array("items", *page, [&](const log_entry& entry) {
      const auto* report = std::get_if<recorded>(&entry.body);
      if (count == of->limit()) return;
      last = entry.seq;
      if (!report || report->type != report_type) return;
      const bool closed = is_closed(from, entry.seq);
      if (state && closed != (*state == "closed")) return;
      const auto data = json::parse(report->data.value());
      if (const auto room = room_id::make(data.value("room", "")); !room || !of->key->sees(*room))
        return;
      ++count;
      out.object([&] {
        out.put("id", entry.seq);
        out.put("at", entry.at);
        for (const auto* name : {"room", "by", "reason"})
          if (const auto* text = member(data, name))
            out.put(name, std::string_view{text->get_ref<const std::string&>()});
        out.put("target", data.value("target", std::uint64_t{0}));
        out.put("state", std::string_view{closed ? "closed" : "open"});
      });
    });
    if (last < info->head)
      out.put("next", std::string_view{api.cursor_of('r', std::to_string(last.value()))});
    of->answer(200, out.done());
  });
}

void close_report(service& api, of_call of) {
  const auto id = of->seq();
  api.read(of, rooms::server_room.view(), [&api, of, id](journal::reader& from) {
    const auto found = from.entries(rooms::server_room, seq_no{id.value() - 1}, id, 1,
                                    limits::page_bytes_max);
    if (!found) return of->refuse(unreadable(found.why()));
    const auto* report = found->empty() ? nullptr : std::get_if<recorded>(&found->front().body);
    if (!report || report->type != report_type)
      return of->refuse(other_problem(404, "no_such_report", "no such report"));
    rooms::mark closed{row_of_report(id), "closed", rooms::mark::kind::cursor, 1, {}};
    std::vector<rooms::operation> what;
    what.push_back({rooms::server_room, rooms::server_principal(), {},
                    rooms::set_marks{{std::move(closed)}}, {}});
    api.submit(of, std::move(what), [of](const auto& outcomes) {
      if (const auto why = problem_in(outcomes.front())) return of->refuse(*why);
      of->answer(204, {});
    });
  });
}

}  // namespace confab::api::handlers
