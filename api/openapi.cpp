#include "api/routes.hpp"

namespace confab::api {
namespace {

json ref(std::string_view component) {
  return {{"$ref", "#/components/schemas/" + std::string{component}}};
}

json parameter_of(std::string_view name, bool in_path) {
  const auto& row = parameter(name);
  return {{"name", name},
          {"in", in_path ? "path" : "query"},
          {"required", in_path},
          {"description", row.meaning},
          {"schema", json::parse(row.schema)}};
}

json parameters_of(const route& row) {
  json out = json::array();
  for (std::size_t at = row.path.find('{'); at != row.path.npos; at = row.path.find('{', at + 1))
    out.push_back(parameter_of(row.path.substr(at + 1, row.path.find('}', at) - at - 1), true));
  for (const auto name : words_in(row.query)) out.push_back(parameter_of(name, false));
  if (takes_key(row))
    out.push_back({{"name", "Idempotency-Key"},
                   {"in", "header"},
                   {"required", false},
                   {"description", "Is the entry's key: a repeat is answered as the first was."},
                   {"schema", {{"type", "string"}, {"minLength", 1}, {"maxLength", 64}}}});
  return out;
}

std::string_view status_meaning(std::string_view status) {
  if (status == "201") return "Made.";
  if (status == "202") return "Taken on: see the job.";
  if (status == "204") return "Done.";
  return "Done, or what was asked for.";
}

json responses_of(const route& row) {
  json out = json::object();
  for (const auto word : words_in(row.answers)) {
    const auto status = word.substr(0, word.find(':'));
    json answer{{"description", status_meaning(status)}};
    if (status.size() < word.size()) {
      const auto component = word.substr(status.size() + 1);
      const auto schema = component == "Document" ? json{{"type", "object"}} : ref(component);
      if (component == "ExportLine")
        answer["content"]["application/x-ndjson"]["schema"] = schema;
      else
        answer["content"]["application/json"]["schema"] = schema;
      if (component == "Feed")
        answer["content"]["application/x-ndjson"]["schema"] = ref("FeedItem");
    }
    out[std::string{status}] = std::move(answer);
  }
  json problem{{"description", "What went wrong."}};
  problem["content"]["application/problem+json"]["schema"] = ref("Problem");
  out["default"] = std::move(problem);
  return out;
}

}  // namespace

bool takes_key(const route& row) noexcept {
  return row.answers.find("Stored") != row.answers.npos;
}

std::string openapi_document(std::string_view server) {
  json paths = json::object();
  for (const auto& row : routes()) {
    json operation{{"operationId", row.id}, {"summary", row.summary}};
    if (row.need == scope::none) {
      operation["security"] = json::array();
    } else {
      operation["description"] = "Scope: " + std::string{name(row.need)} + ".";
      operation["x-scope"] = name(row.need);
    }
    operation["parameters"] = parameters_of(row);
    if (!row.body.empty()) {
      operation["requestBody"]["required"] = true;
      operation["requestBody"]["content"]["application/json"]["schema"] = ref(row.body);
    }
    operation["responses"] = responses_of(row);
    std::string method{row.method};
    for (auto& c : method) c = static_cast<char>(c | 0x20);
    paths[std::string{row.path}][method] = std::move(operation);
  }
  json document{{"openapi", "3.1.0"},
                {"info",
                 {{"title", "Confab server API"},
                  {"version", "1"},
                  {"license", {{"name", "MIT"}, {"identifier", "MIT"}}},
                  {"description", "For the deployment's own servers."}}}};
  document["servers"] = json::array({{{"url", server}}});
  document["security"] = json::array({{{"key", json::array()}}});
  document["paths"] = std::move(paths);
  document["components"]["schemas"] = json::parse(schemas_text());
  document["components"]["securitySchemes"]["key"] = {
      {"type", "http"}, {"scheme", "bearer"}, {"description", "A key, ck_name_secret."}};
  return document.dump();
}

}  // namespace confab::api
