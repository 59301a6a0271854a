#include "webhooks/body.hpp"

#include "protocol/message_parts.hpp"
#include "protocol/writers.hpp"

#include <cstdio>
#include <utility>

namespace confab::webhooks {
namespace {

class writing : message_parts<json_writer> {
  using parts = message_parts<json_writer>;

 public:
  explicit writing(std::string& out) : parts(out) {}
  using parts::put;

  template <class Members>
  void object(Members members) {
    out_.begin_object();
    members();
    out_.end_object();
  }
  template <class Members>
  void object(std::string_view name, Members members) {
    out_.key(name);
    object(members);
  }
  template <class Each>
  void array(std::string_view name, std::span<const told> list, Each each) {
    out_.key(name);
    out_.begin_array(list.size());
    for (const auto& one : list) each(one);
    out_.end_array();
  }
  /// Type, time and data, within an object.
  void event(const told& one, bool thin) {
    put("type", name(one.kind));
    put("timestamp", std::string_view{iso_time(one.item->entry.at)});
    object("data", [&] {
      put("pos", one.item->position);
      put("room", one.item->room);
      if (thin) return put("seq", one.item->entry.seq);
      out_.key("entry");
      write_event(one.item->room, one.item->entry);
    });
  }
};

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
  std::string text;
  writing out{text};
  out.object([&] { out.event(one, thin); });
  return text;
}

std::string batch_body(std::string_view hook, std::span<const told> all, bool thin,
                       const log_names& log) {
  std::string text;
  writing out{text};
  out.object([&] {
    out.put("type", std::string_view{"batch"});
    out.put("timestamp", std::string_view{iso_time(all.back().item->entry.at)});
    out.object("data", [&] {
      out.array("events", all, [&](const told& one) {
        out.object([&] {
          out.put("id", std::string_view{id_of(hook, one.kind, one.item->position, log)});
          out.event(one, thin);
        });
      });
    });
  });
  return text;
}

std::string gap_body(std::uint64_t first, std::uint64_t last, unix_ms at) {
  std::string text;
  writing out{text};
  out.object([&] {
    out.put("type", name(event_kind::gap));
    out.put("timestamp", std::string_view{iso_time(at)});
    out.object("data", [&] {
      out.put("from_pos", first);
      out.put("to_pos", last);
    });
  });
  return text;
}

std::string test_body(std::string_view hook, unix_ms now) {
  std::string text;
  writing out{text};
  out.object([&] {
    out.put("type", name(event_kind::test));
    out.put("timestamp", std::string_view{iso_time(now)});
    out.object("data", [&] { out.put("webhook", hook); });
  });
  return text;
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
