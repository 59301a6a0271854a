#pragma once

#include "protocol/limits.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
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
  /// It is JSON (CBOR) at all, as far as it was read.
  bool well_formed = true;
  /// Nothing this protocol takes: what is wrong with it. `root` holds what could be read, with
  /// nulls in place of the rest.
  std::optional<std::string_view> fault;
  /// How many values were read, at most as many as may be.
  std::size_t nodes = 0;
};

/// Both read the input once. They stop where it holds more than `nodes_max` values: a value costs a
/// hundred times what its two bytes suggest.
document read_json(std::string_view text, std::size_t nodes_max = limits::frame_nodes_max);
document read_cbor(std::string_view bytes);

/// Builds the tree from a reader's events. Of a duplicate key the last counts. Below
/// `limits::nesting_max` nothing is built, so that neither the depth nor the destruction of the
/// tree is the client's to choose.
class document_builder {
 public:
  explicit document_builder(std::size_t nodes_max = limits::frame_nodes_max)
      : nodes_max_(nodes_max) {}

  // Each value, and each container at its start, answers false where it is one too many; then
  // reading ends.
  bool add(json value);
  bool open_object() { return open(false); }
  bool open_array() { return open(true); }
  /// In the place of a value: something that JSON cannot say, or the protocol does not take. Null
  /// stands in for it.
  bool refuse(std::string_view why);
  /// What takes time to read and is no part of the tree.
  bool count_unseen() { return count(); }

  void key(std::string value);
  void close();
  /// The first fault is kept.
  void note(std::string_view why);

  bool too_many() const noexcept { return nodes_ > nodes_max_; }
  /// The document as far as it was told.
  document finish(bool well_formed);

 private:
  // A plain vector of pairs until it is complete: nlohmann's ordered object searches itself for
  // every key (quadratic) and copies its members whenever it grows.
  struct container {
    bool is_array;
    std::vector<std::pair<std::string, json>> members;
    json::array_t elements;
  };

  bool count();
  bool open(bool is_array);
  void put(json value);
  bool too_deep() const noexcept { return depth_ > limits::nesting_max; }

  std::size_t nodes_max_;
  json root_;
  std::vector<container> open_;
  std::size_t depth_ = 0;
  std::size_t nodes_ = 0;
  std::optional<std::string_view> fault_;
};

}  // namespace confab
