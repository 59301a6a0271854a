#pragma once

#include "api/keys.hpp"
#include "api/schema.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// The table of routes: what requests are matched by, what their scopes and bodies are judged by,
/// and what the OpenAPI document is made of. Neither can have what the others lack.
namespace confab::api {

class service;
struct call;
using call_ptr = std::shared_ptr<call>;
/// Answers the call, now or later. Everything the table says of it was checked.
using handler = void (*)(service&, const call_ptr&);

struct route {
  std::string_view method;
  std::string_view path;  // behind /api/v1; parts in braces are parameters
  scope need = scope::none;
  std::string_view id;       // operationId
  std::string_view summary;
  std::string_view query;    // names of parameters, with spaces between
  std::string_view body;     // a component; empty: none
  std::string_view answers;  // `status:Component`, with spaces between; without a component: none
  handler run = nullptr;
};
std::span<const route> routes() noexcept;
/// Whether it writes to a log, so that `Idempotency-Key` makes it exactly-once.
bool takes_key(const route& row) noexcept;

/// What may stand in a path or a query.
struct parameter_row {
  std::string_view name;
  std::string_view meaning;
  std::string_view schema;  // JSON
};
const parameter_row& parameter(std::string_view name);

std::string_view schemas_text() noexcept;
std::vector<std::string_view> words_in(std::string_view list);

struct matched {
  const route* row;
  std::vector<std::pair<std::string_view, std::string>> parameters;  // as they stand, percent-encoded
};
/// `other_methods`: the path is known, by these methods alone; empty: it is not.
struct unmatched {
  std::string other_methods;
};
std::variant<matched, unmatched> match(std::string_view method, std::string_view path);

/// The document, as JSON. `server` is the URL's path before the routes'.
std::string openapi_document(std::string_view server);

}  // namespace confab::api
