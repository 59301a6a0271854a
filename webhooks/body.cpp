#include "webhooks/body.hpp"

#include "protocol/object_writing.hpp"

#include <cstdio>
#include <utility>

namespace confab::webhooks {
namespace {

/// Type, time and data.
void put_event(writing& out, const told& one, bool thin) {
  out.put("type", name(one.kind));
  out.put("timestamp", std::string_view{iso_time(one.item->entry.at)});
  out.object("data", [&] {
    out.put("pos", one.item->position);
    out.put("room", one.item->room);
    out.put_text("by", one.item->entry.by);  // by which who writes and hears knows the echo,
    if (!one.item->entry.by.empty()) out.put_text("key", one.item->entry.key);  // and which one
    if (thin) return out.put("seq", one.item->entry.seq);
    out.member_event("entry", one.item->room, one.item->entry);
  });
}

std::string with_log(std::string id, std::string_view log) {
  if (!log.empty()) id.append(".").append(log);
  return id;
}

void put_total(writing& out, const message::totals& sum) {
  out.object("total", [&] {
    out.put("unread", sum.unread);
    out.put("mentions", sum.mentions);
  });
}

}  // namespace

std::string id_of(std::string_view hook, event_kind kind, std::uint64_t position,
                  const log_names& log) {
  std::string id{hook};
  id.append(".").append(name(kind)).append(".").append(std::to_string(position)).append(".0");
  return with_log(std::move(id), log.at(position));
}

std::string batch_id(std::string_view hook, std::uint64_t first, std::uint64_t last,
                     const log_names& log) {
  return with_log(
      std::string{hook} + ".batch." + std::to_string(first) + "." + std::to_string(last),
      log.at(last));
}

std::string event_body(const told& one, bool thin) {
  writing out;
  put_event(out, one, thin);
  return out.done();
}

std::string batch_body(std::string_view hook, std::span<const told> all, bool thin,
                       const log_names& log) {
  writing out;
  out.put("type", std::string_view{"batch"});
  out.put("timestamp", std::string_view{iso_time(all.back().item->entry.at)});
  out.object("data", [&] {
    out.array("events", all, [&](const told& one) {
      out.object([&] {
        out.put("id", std::string_view{id_of(hook, one.kind, one.item->position, log)});
        put_event(out, one, thin);
      });
    });
  });
  return out.done();
}

std::string gap_body(std::uint64_t first, std::uint64_t last, unix_ms at) {
  writing out;
  out.put("type", name(event_kind::gap));
  out.put("timestamp", std::string_view{iso_time(at)});
  out.object("data", [&] {
    out.put("from_pos", first);
    out.put("to_pos", last);
  });
  return out.done();
}

std::string test_body(std::string_view hook, unix_ms now) {
  writing out;
  out.put("type", name(event_kind::test));
  out.put("timestamp", std::string_view{iso_time(now)});
  out.object("data", [&] { out.put("webhook", hook); });
  return out.done();
}

std::string presence_body(std::span<const std::pair<std::string, presence_change>> told,
                          std::string_view node, bool many) {
  writing out;
  const auto say = [&](const presence_change& what) {
    out.put("type", name(what.kind));
    out.put("timestamp", std::string_view{iso_time(what.at)});
    out.object("data", [&] {
      if (what.kind != event_kind::presence_reset) out.put("user", what.user);
      out.put("node", node);
    });
  };
  if (!many) {
    say(told.front().second);
    return out.done();
  }
  out.put("type", std::string_view{"batch"});
  out.put("timestamp", std::string_view{iso_time(told.back().second.at)});
  out.object("data", [&] {
    out.array("events", told, [&](const auto& one) {
      out.object([&] {
        out.put("id", std::string_view{one.first});
        say(one.second);
      });
    });
  });
  return out.done();
}

std::string recipient_json(const user_id& user, std::string_view why, const message::inbox_row* has,
                           const message::totals& sum) {
  writing out;
  out.put("user", user);
  out.put("why", why);
  if (has) {
    out.put("unread", has->unread);
    out.put("mentions", has->mentions);
  }
  put_total(out, sum);
  return out.done();
}

std::string withdrawal_json(const user_id& user, const room_id& room, std::optional<seq_no> deleted,
                            std::optional<seq_no> read, const message::totals& sum) {
  writing out;
  out.put("user", user);
  out.put("room", room);
  out.put("seq", deleted);
  out.put("read", read);
  put_total(out, sum);
  return out.done();
}

std::string push_body(const push_event& what, const push_content* shown) {
  writing out;
  out.put("type", name(what.kind));
  out.put("timestamp", std::string_view{iso_time(what.at)});
  if (what.kind == event_kind::notify_cleared) {
    out.raw("data", what.data);
    return out.done();
  }
  out.object("data", [&] {
    out.put("pos", what.position);
    out.put("room", what.room);
    if (shown) out.put_text("title", shown->title);
    out.put("seq", what.seq);
    if (shown) {
      out.put("from", shown->from);
      if (shown->name != shown->from.value()) out.put_text("name", shown->name);
      if (const auto& message = shown->message) {
        out.put_text("text", message->what.text);
        out.put("thread", message->where.thread);
        out.put("attachments", message->what.attachments);
      }
    }
    out.raw("recipients", what.data);
    out.put("more", what.more);
  });
  return out.done();
}

/// Withdrawals are of no one entry, so their own number tells them apart.
std::string push_id(std::string_view hook, const push_event& what, const log_names& log) {
  const auto last = what.kind == event_kind::notify ? what.page : what.id;
  return with_log(std::string{hook} + "." + std::string{name(what.kind)} + "." +
                      std::to_string(what.position) + "." + std::to_string(last),
                  log.at(what.position));
}

std::string iso_time(unix_ms at) {
  using namespace std::chrono;
  const sys_time<milliseconds> time{milliseconds{at.value()}};
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  char text[40];
  const int size = std::snprintf(
      text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return {text, static_cast<std::size_t>(size)};
}

}  // namespace confab::webhooks
