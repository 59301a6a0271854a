#include "api/problem.hpp"

#include "protocol/writers.hpp"

namespace confab::api {

unsigned status_of(error_code code) noexcept {
  switch (code) {
    case error_code::bad_request:
    case error_code::unknown_type:
      return 400;
    case error_code::unauthorized:
      return 401;
    case error_code::forbidden:
    case error_code::banned:
    case error_code::muted:
    case error_code::read_only:
    case error_code::not_member:
    case error_code::not_joined:
    case error_code::rejected:
      return 403;
    case error_code::no_such_room:
    case error_code::no_such_user:
    case error_code::no_such_message:
      return 404;
    case error_code::conflict:
    case error_code::already:
    case error_code::limit:
    case error_code::too_many_rooms:
    case error_code::out_of_order:
      return 409;
    case error_code::too_long:
      return 413;
    case error_code::rate_limited:
    case error_code::slow_mode:
      return 429;
    case error_code::unavailable:
      return 503;
    case error_code::internal:
      break;
  }
  return 500;
}

problem problem_of(error_code code, std::string_view detail) {
  problem out;
  out.status = status_of(code);
  out.code = row(code).name;
  out.retry = row(code).retry;
  out.detail = detail;
  return out;
}

problem problem_of(const rooms::refused& why) {
  auto out = problem_of(why.code, why.text);
  out.retry_after = why.retry_after;
  out.until = why.until;
  out.reason = why.reason;
  out.limit = why.limit;
  out.data = why.data;
  return out;
}

problem bad_request(std::string at, std::string detail) {
  auto out = problem_of(error_code::bad_request, {});
  out.faults.push_back({std::move(at), std::move(detail)});
  return out;
}

problem other_problem(unsigned status, std::string_view code, std::string_view detail) {
  problem out;
  out.status = status;
  out.code = code;
  out.detail = detail;
  return out;
}

std::string to_json(const problem& of, std::string_view request) {
  std::string text;
  json_writer out{text};
  const auto put = [&](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    out.key(name);
    out.text(value);
  };
  const auto number = [&](std::string_view name, std::int64_t value) {
    out.key(name);
    out.signed_integer(value);
  };
  out.begin_object();
  put("type", "urn:confab:error:" + of.code);
  put("title", of.code);
  number("status", of.status);
  put("detail", of.detail);
  put("code", of.code);
  out.key("retry");
  out.boolean(of.retry);
  if (of.retry_after) number("retry_after_ms", of.retry_after->count());
  if (of.until) number("until", of.until->value());
  put("reason", of.reason);
  if (of.limit) number("limit", static_cast<std::int64_t>(*of.limit));
  if (of.oldest) number("oldest", static_cast<std::int64_t>(of.oldest->value()));
  put("cursor", of.cursor);
  if (of.data) {
    out.key("data");
    out.raw_json(of.data->value());
  }
  if (!of.faults.empty()) {
    out.key("faults");
    out.begin_array(of.faults.size());
    for (const auto& fault : of.faults) {
      out.begin_object();
      put("at", fault.at.empty() ? "/" : fault.at);
      put("detail", fault.detail);
      out.end_object();
    }
    out.end_array();
  }
  put("request", request);
  out.end_object();
  return text;
}

}  // namespace confab::api
