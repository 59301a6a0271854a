#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Private to protocol: one WebSocket message as a tree, whichever way it was written.
namespace confab {

/// Keeps the order of members, so that free data leaves as it came.
using json = nlohmann::ordered_json;

struct document {
  json root;
  /// It is JSON (CBOR) at all.
  bool well_formed = true;
  /// Well-formed, but nothing this protocol takes: what is wrong with it. `root` holds what could
  /// be read, with nulls in place of the rest.
  std::optional<std::string_view> fault;
};

document read_json(std::string_view text);
document read_cbor(std::string_view bytes);

/// Builds the tree from a reader's events, in the form of nlohmann's SAX interface. Of a duplicate
/// key the last counts. Below `limits::nesting_max` nothing is built, so that neither the depth
/// nor the destruction of the tree is the client's to choose.
class document_builder {
 public:
  bool null() { return add(nullptr); }
  bool boolean(bool value) { return add(value); }
  bool number_integer(std::int64_t value) { return add(value); }
  bool number_unsigned(std::uint64_t value) { return add(value); }
  bool number_float(double value, const std::string&) { return add(value); }
  bool string(std::string& value) { return add(std::move(value)); }
  bool binary(json::binary_t&) { return refuse("byte strings are not JSON"); }
  bool start_object(std::size_t) { return open(false); }
  bool key(std::string& value);
  bool end_object() { return close(); }
  bool start_array(std::size_t) { return open(true); }
  bool end_array() { return close(); }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) {
    return false;
  }

  /// Something that JSON cannot say, or the protocol does not take; the first one is kept.
  void note(std::string_view why);
  /// The same in the place of a value; null stands in for it.
  bool refuse(std::string_view why);

  json take_root() { return std::move(root_); }
  std::optional<std::string_view> fault() const { return fault_; }

 private:
  // A plain vector of pairs until it is complete: nlohmann's ordered object searches itself for
  // every key (quadratic) and copies its members whenever it grows.
  struct container {
    bool is_array;
    std::vector<std::pair<std::string, json>> members;
    json::array_t elements;
  };

  bool add(json value);
  bool open(bool is_array);
  bool close();
  bool too_deep() const;

  json root_;
  std::vector<container> open_;
  std::size_t depth_ = 0;
  std::optional<std::string_view> fault_;
};

}  // namespace confab
