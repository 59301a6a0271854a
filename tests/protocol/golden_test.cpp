#include "protocol/codec.hpp"
#include "tests/protocol/golden_files.hpp"
#include "tests/protocol/golden_values.hpp"
#include "tests/support/catch.hpp"

#include <set>

using namespace confab;
using nlohmann::ordered_json;

namespace {

template <class Value>
std::set<std::string> names(const std::map<std::string, Value>& table) {
  std::set<std::string> result;
  for (const auto& [name, value] : table) result.insert(name);
  return result;
}

std::set<std::string> names_of_files(const std::string& direction) {
  std::set<std::string> result;
  for (const auto& [name, file] : golden::files())
    if (file.direction == direction) result.insert(name);
  return result;
}

std::string bytes(const std::vector<std::uint8_t>& from) { return {from.begin(), from.end()}; }

}  // namespace

TEST_CASE("every golden frame has a value and every value a golden frame") {
  REQUIRE(names(golden::commands()) == names_of_files("client"));
  REQUIRE(names(golden::messages()) == names_of_files("server"));
  REQUIRE(golden::files().size() == golden::commands().size() + golden::messages().size());
}

TEST_CASE("every kind of command has the name of its type") {
  for (const auto& [name, value] : golden::commands()) {
    INFO(name);
    auto type = ordered_json::parse(golden::files().at(name).json).at("type").get<std::string>();
    if (type == "unreact" || type == "unpin") type.erase(0, 2);
    CHECK(command::names[value.what.index()] == type);
  }
}

TEST_CASE("every kind of command and of message has a golden frame") {
  std::set<std::size_t> commands;
  for (const auto& [name, value] : golden::commands()) commands.insert(value.what.index());
  std::set<std::size_t> messages;
  for (const auto& [name, value] : golden::messages()) messages.insert(value.index());

  REQUIRE(commands.size() == std::variant_size_v<command::any>);
  REQUIRE(messages.size() == std::variant_size_v<message::any>);
}

TEST_CASE("a client's golden frame means the same command in JSON and in CBOR") {
  const auto files = golden::files();
  for (const auto& [name, expected] : golden::commands()) {
    INFO(name);
    const auto& file = files.at(name);

    const auto from_json = decode(codec::json, file.json);
    const auto from_cbor = decode(codec::cbor, file.cbor);

    if (const auto* why = std::get_if<rejected>(&from_json)) FAIL(why->message);
    if (const auto* why = std::get_if<rejected>(&from_cbor)) FAIL(why->message);
    CHECK((std::get<request>(from_json) == expected));
    CHECK((std::get<request>(from_cbor) == expected));
  }
}

TEST_CASE("white space and the order of members change nothing") {
  for (const auto& [name, file] : golden::files()) {
    if (file.direction != "client") continue;
    INFO(name);
    const auto object = ordered_json::parse(file.json);
    ordered_json reversed = ordered_json::object();
    for (auto member = object.rbegin(); member != object.rend(); ++member)
      reversed[member.key()] = member.value();

    CHECK((decode(codec::json, object.dump(3)) == decode(codec::json, file.json)));
    CHECK((decode(codec::json, reversed.dump(-1, ' ', true)) == decode(codec::json, file.json)));
  }
}

TEST_CASE("the server writes its golden frames byte for byte") {
  const auto files = golden::files();
  for (const auto& [name, value] : golden::messages()) {
    INFO(name);
    const auto& file = files.at(name);

    const auto written = encode(codec::json, value);

    CHECK(written == file.json);
    CHECK((encode(codec::cbor, value) == file.cbor));
    CHECK(ordered_json::parse(written) == ordered_json::from_cbor(file.cbor));
  }
}

TEST_CASE("golden CBOR is what another encoder makes of golden JSON") {
  for (const auto& [name, file] : golden::files()) {
    INFO(name);
    CHECK((bytes(ordered_json::to_cbor(ordered_json::parse(file.json))) == file.cbor));
  }
}
