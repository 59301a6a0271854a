#include "server/admin_socket.hpp"

#include "tests/server/temporary_directory.hpp"
#include "tests/support/catch.hpp"

#include <sys/stat.h>

#include <stdexcept>

using namespace confab::server;

namespace {

using words = std::vector<std::string>;

/// Says what it was asked.
std::string echo(const words& asked) {
  std::string out = "ok\n";
  for (const auto& word : asked) out += "[" + word + "]";
  return out;
}
std::string answer(const std::string& path, const words& asked) {
  const auto found = ask_server(path, asked);
  const auto* text = std::get_if<told>(&found);
  return text ? text->text : "no: " + std::get<std::string>(found);
}
bool begins(const std::string& text, const std::string& with) { return text.rfind(with, 0) == 0; }

}  // namespace

TEST_CASE("words reach the server as they are, and its text comes back") {
  const temporary_directory directory;
  const auto path = directory.path() + "/socket";
  const admin_socket open{path, echo};

  CHECK(answer(path, {"status"}) == "[status]");
  CHECK(answer(path, {"kick", "", "a b\n"}) == "[kick][][a b\n]");
}

TEST_CASE("what the server says is wrong, or throws, is told") {
  const temporary_directory directory;
  const auto path = directory.path() + "/socket";
  const admin_socket open{path, [](const words& asked) -> std::string {
                            if (asked[0] == "throw") throw std::runtime_error("nobody answers");
                            return "not known";
                          }};

  CHECK(answer(path, {"else"}) == "no: not known");
  CHECK(answer(path, {"throw"}) == "no: nobody answers");
}

TEST_CASE("a request has a bound") {
  const temporary_directory directory;
  const auto path = directory.path() + "/socket";
  const admin_socket open{path, echo};
  constexpr std::size_t most = 4096;

  CHECK(answer(path, {std::string(most - 1, 'x')}) == "[" + std::string(most - 1, 'x') + "]");
  CHECK(begins(answer(path, {std::string(most, 'x')}), "no: the server at"));
  CHECK(answer(path, {"status"}) == "[status]");
}

TEST_CASE("only the owner may open it, it takes no file's place, and goes at the end") {
  const temporary_directory directory;
  const auto path = directory.path() + "/socket";
  {
    const admin_socket open{path, echo};
    struct stat info {};
    REQUIRE(::stat(path.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
    // As one that a crash has left.
    const admin_socket again{path, echo};
    CHECK(answer(path, {"status"}) == "[status]");
  }
  CHECK(begins(answer(path, {"status"}), "no: no server answers at"));
  directory.write("socket", "text");
  CHECK_THROWS_AS((admin_socket{path, echo}), std::runtime_error);
  CHECK_THROWS_AS((admin_socket{"/" + std::string(200, 'x'), echo}), std::runtime_error);
}
