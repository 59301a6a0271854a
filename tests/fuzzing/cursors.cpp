// Places in lists as clients send them, and calls of the API: whatever a path, a query or a cursor
// is, the answer is one that can be sent.

#include "journal/page.hpp"
#include "protocol/whole_number.hpp"
#include "tests/api/fake_backend.hpp"
#include "tests/fuzzing/fuzzing.hpp"

#include <array>
#include <string>

using namespace confab;
using confab::fuzzing::must;

namespace {

void check_places(std::string_view text) {
  const auto number = whole_number(text);
  const bool is_number = !text.empty() && text.find_first_not_of("0123456789") == text.npos;
  must(!number || is_number, "a number is digits");
  must(number || !is_number || text.size() >= 20, "digits are a number, unless there are too many");

  if (const auto place = journal::inbox_place::parse(text)) {
    const auto again = journal::inbox_place::parse(place->text());
    must(again && again->journal == place->journal && again->position == place->position,
         "a place in the journal comes back");
    must(text.starts_with(place->journal + "."), "a journal's name is kept as it is");
  }
  if (const auto row = journal::inbox_cursor::parse(text)) {
    const auto again = journal::inbox_cursor::parse(row->text());
    must(again && again->at == row->at && again->room == row->room,
         "a row of the inbox comes back");
    must(room_id::make(row->room.view()).has_value(), "its room's id is one");
  }
}

/// One for all inputs: compiling its schemas takes longer than a call.
test::api_world& world() {
  static test::api_world made;
  static const bool is_free = (made.chat.has_prices(0, 0), true);
  static_cast<void>(is_free);
  return made;
}

void check_cursor(std::string_view text) {
  const auto& service = *world().service;
  api::call of;
  of.query = {{"cursor", std::string{text}}};
  static_cast<void>(service.place_in(of, 'm'));

  of.query = {{"cursor", service.cursor_of('m', text)}};
  const auto own = service.place_in(of, 'm');
  if (const auto* place = std::get_if<std::string>(&own))
    must(*place == text, "a cursor comes back");
  must(std::holds_alternative<api::problem>(service.place_in(of, 'f')),
       "a cursor is of one kind of page");
}

void check_call(std::string_view method, std::string_view path, std::string query) {
  auto& with = world();
  const auto found = api::match(method, path);
  const auto* row = std::get_if<api::matched>(&found);
  if (row)
    for (const auto& [name, value] : row->parameters)
      must(path.find(value) != path.npos, "a parameter is a part of its path");

  const auto heard =
      with.call(std::string{method}, std::string{path}, {}, {}, std::move(query));
  with.chat.asked.clear();
  with.chat.waiting.clear();
  if (!heard->answer) {
    must(row != nullptr, "what nothing answers is on its way");
    return;
  }
  const auto& answer = *heard->answer;
  must(answer.status >= 200 && answer.status < 600, "a status is one");
  must(row || answer.status == 404 || answer.status == 405, "what is no route is not found");
  must(answer.body.empty() || json::accept(answer.body), "an answer is JSON, and so UTF-8");
  for (const auto& [name, value] : answer.headers)
    must(value.find_first_of("\r\n") == value.npos, "a header is one line");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzzing::input in{data, size};
  const auto how = in.byte();
  switch (how % 3) {
    case 0:
      check_places(in.rest());
      break;
    case 1:
      check_cursor(in.rest());
      break;
    case 2: {
      constexpr std::array<std::string_view, 6> methods{"GET",   "POST",   "PUT",
                                                        "PATCH", "DELETE", "HEAD"};
      const auto path = in.text();
      std::string query{in.text()};
      // A cursor that is well-formed, of any kind of page.
      if (const auto place = in.rest(); !place.empty())
        query += "&cursor=" + world().service->cursor_of(place[0], place.substr(1));
      check_call(methods[how / 3 % methods.size()], path, std::move(query));
      break;
    }
  }
  return 0;
}
