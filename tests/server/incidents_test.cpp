#include "server/incidents.hpp"

#include "server/log.hpp"
#include "tests/support/catch.hpp"

#include <sstream>
#include <string>
#include <vector>

using namespace confab;
using namespace confab::server;
using namespace std::chrono_literals;
using transport::incident_kind;

namespace {

/// A clock that a test moves, and the lines that came, without their time.
struct bench {
  bench() { log::open({}, out); }
  ~bench() { log::open({}); }

  std::vector<std::string> lines() const {
    std::vector<std::string> told;
    std::istringstream in{out.str()};
    for (std::string line; std::getline(in, line);) told.push_back(line.substr(line.find(' ') + 1));
    return told;
  }

  std::ostringstream out;
  incidents::clock::time_point now{1h};
  incidents all{[this] { return now; }};
};

}  // namespace

TEST_CASE("an incident is one line, with what is known of it") {
  bench b;

  b.all.note({incident_kind::upgrade_refused, "origin", "10.0.0.7", "https://evil.example"});
  b.all.note({incident_kind::tls_failed, "handshake", "10.0.0.7", "no shared cipher"});
  b.all.note({incident_kind::accept_failed, "resources", {}, "Too many open files"});
  b.all.note({incident_kind::connection_refused, "address", "10.0.0.7", {}});
  b.all.note({incident_kind::request_refused, "malformed", "10.0.0.7", "bad\nvalue"});
  b.all.note({incident_kind::closed_by_us, "rate abuse", "10.0.0.7", "4003"});
  b.all.note({incident_kind::api_key_refused, "expired", "10.0.0.7", "shop"});
  b.all.bug("room", "general: vector::at");

  CHECK(b.lines() ==
        std::vector<std::string>{
            "info upgrade-refused reason=origin peer=10.0.0.7 detail=https://evil.example",
            "info tls-failed peer=10.0.0.7 detail=\"no shared cipher\"",
            "warn accept-failed detail=\"Too many open files\"",
            "warn connection-refused limit=address peer=10.0.0.7",
            "info request-refused reason=malformed peer=10.0.0.7 detail=\"bad\\nvalue\"",
            "info websocket-closed reason=\"rate abuse\" peer=10.0.0.7 detail=4003",
            "warn api-key-refused reason=expired peer=10.0.0.7 key=shop",
            "error bug where=room detail=\"general: vector::at\""});
}

TEST_CASE("of many alike a few are written each second, and the next line says how many were not") {
  bench b;
  const auto most = incidents::lines_per_second_max;
  const transport::incident one{incident_kind::upgrade_refused, "origin", "a", {}};

  for (unsigned i = 0; i < most + 7; ++i) b.all.note(one);
  CHECK(b.lines().size() == most);
  b.all.note({incident_kind::upgrade_refused, "credentials", "b", {}});  // has lines of its own
  CHECK(b.lines().size() == most + 1);
  b.now += 999ms;
  b.all.note(one);
  CHECK(b.lines().size() == most + 1);
  b.now += 1ms;
  b.all.note(one);
  b.all.note(one);

  REQUIRE(b.lines().size() == most + 3);
  CHECK(b.lines()[most + 1] == "info upgrade-refused reason=origin peer=a skipped=8");
  CHECK(b.lines()[most + 2] == "info upgrade-refused reason=origin peer=a");
}

TEST_CASE("what a peer may choose is cut, and never within a character") {
  bench b;
  const auto most = incidents::detail_bytes_max;

  b.all.note({incident_kind::upgrade_refused, "origin", {}, std::string(most, 'x')});
  b.all.note({incident_kind::upgrade_refused, "origin", {}, std::string(most - 1, 'x') + "ä"});

  const std::string before = "info upgrade-refused reason=origin detail=";
  CHECK(b.lines()[0] == before + std::string(most, 'x'));
  CHECK(b.lines()[1] == before + std::string(most - 1, 'x'));
}

TEST_CASE("all are counted, by kind and reason") {
  bench b;

  for (int i = 0; i < 100; ++i) b.all.bug("room", "x");
  b.all.bug("session", "x");
  b.all.note({incident_kind::tls_failed, "handshake", {}, {}});

  const auto counts = b.all.counts();
  REQUIRE(counts.size() == 3);
  CHECK(counts[0].what == incident_kind::tls_failed);
  CHECK(counts[1].reason == "room");
  CHECK(counts[1].number == 100);
  CHECK(counts[2].reason == "session");
}
