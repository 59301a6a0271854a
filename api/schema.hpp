#pragma once

#include "api/problem.hpp"
#include "protocol/document.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// JSON Schema (2020-12), as much of it as the bodies of this API need: the same text stands in the
/// OpenAPI document and is what bodies are judged by. Known: type, properties, required,
/// additionalProperties, items, minItems, maxItems, minimum, maximum, minLength, maxLength, enum,
/// format, minProperties, $ref to a component. What is not known is refused when it is compiled.
namespace confab::api {

struct schema_node;

/// The components of the document, compiled once. Immutable, so any thread may ask.
class schema_set {
 public:
  /// Throws std::logic_error for what it does not know: it is the program's own text.
  explicit schema_set(const json& components);
  ~schema_set();
  schema_set(const schema_set&) = delete;
  schema_set& operator=(const schema_set&) = delete;

  /// All that is wrong with `value`, at most `faults_max`, each with a JSON pointer.
  std::vector<fault_at> judge(std::string_view component, const json& value) const;
  /// The same of a schema of its own, as a parameter has one.
  std::vector<fault_at> judge(const schema_node& by, const json& value) const;
  /// Lives as long as the set.
  const schema_node* compile(const json& schema);

 private:
  const schema_node* named(const std::string& name);

  const json components_;
  std::vector<std::unique_ptr<schema_node>> nodes_;
  std::vector<std::pair<std::string, const schema_node*>> names_;
};

inline constexpr std::size_t faults_max = 20;

}  // namespace confab::api
