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
    if (thin) return out.put("seq", one.item->entry.seq);
    out.member_event("entry", one.item->room, one.item->entry);
  });
}

std::string with_log(std::string id, std::string_view log) {
  if (!log.empty()) id.append(".").append(log);
  return id;
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
