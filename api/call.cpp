// What is asked of one call, and how it is answered.

#include "api/service.hpp"
#include "protocol/fields.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace confab::api {
namespace {

const std::string* find_in(const std::vector<std::pair<std::string, std::string>>& list,
                           std::string_view name) {
  const auto at = std::ranges::find(list, name, &std::pair<std::string, std::string>::first);
  return at == list.end() ? nullptr : &at->second;
}

}  // namespace

const std::string& call::in_path(std::string_view name) const {
  static const std::string nothing;
  const auto* found = find_in(path, name);
  return found ? *found : nothing;
}

const std::string* call::in_query(std::string_view name) const { return find_in(query, name); }

std::optional<std::uint64_t> call::number_in_query(std::string_view name) const {
  const auto* text = in_query(name);
  if (!text) return std::nullopt;
  std::uint64_t number = 0;
  std::from_chars(text->data(), text->data() + text->size(), number);
  return number;
}

std::optional<bool> call::flag_in_query(std::string_view name) const {
  const auto* text = in_query(name);
  return text ? std::optional{*text == "true"} : std::nullopt;
}

seq_no call::seq() const {
  const auto& text = in_path("seq").empty() ? in_path("id") : in_path("seq");
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return seq_no{number};
}

std::size_t call::limit() const {
  constexpr std::size_t usual = 100;
  return static_cast<std::size_t>(number_in_query("limit").value_or(usual));
}

const json* call::in_body(std::string_view name) const {
  return body.is_object() ? member(body, name) : nullptr;
}

user_id call::from() const {
  if (const auto* said = in_body("from")) return user_id::trusted(said->get<std::string>());
  if (const auto* said = in_query("from")) return user_id::trusted(*said);
  if (const auto* said = find_in(path, "from")) return user_id::trusted(*said);
  return rooms::server_user;
}

void call::answer(unsigned status, std::string text) const {
  if (key) chat->charge(price::bytes, key->name, static_cast<double>(text.size()));
  response out;
  out.status = status;
  out.body = std::move(text);
  out.headers = {{"Request-Id", id}, {"Cache-Control", "no-store"}};
  to->answer(std::move(out));
}

void call::refuse(const problem& why) const { to->answer(response_of(why, id)); }

response response_of(const problem& why, std::string_view request_id) {
  constexpr std::int64_t second = 1'000;
  response out;
  out.status = why.status;
  out.content_type = "application/problem+json";
  out.body = to_json(why, request_id);
  out.headers.emplace_back("Request-Id", request_id);
  out.headers.emplace_back("Cache-Control", "no-store");
  if (why.retry_after)
    out.headers.emplace_back("Retry-After",
                             std::to_string((why.retry_after->count() + second - 1) / second));
  else if (why.status == 503)
    out.headers.emplace_back("Retry-After", "1");
  if (why.status == 401) out.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (!why.allow.empty()) out.headers.emplace_back("Allow", why.allow);
  return out;
}

}  // namespace confab::api
