#include "load/commands.hpp"
#include "protocol/codec.hpp"
#include "tests/support/catch.hpp"

using namespace confab;
using namespace confab::load;

namespace {

const auto general = room_id::trusted("general");
const auto alice = user_id::trusted("alice");

/// As the server understands it; anything else than a `Command` fails the test.
template <class Command>
Command read(codec format, const std::string& payload) {
  const auto decoded = decode(format, payload);
  INFO(payload);
  REQUIRE(std::holds_alternative<request>(decoded));
  const auto& what = std::get<request>(decoded).what;
  REQUIRE(std::holds_alternative<Command>(what));
  return std::get<Command>(what);
}

}  // namespace

TEST_CASE("the server understands every command as it is meant, in both formats") {
  const auto format = GENERATE(codec::json, codec::cbor);
  const command_writer commands{format};
  const content text{"hi", {}};

  CHECK(read<command::leave>(format, commands.leave(2, "general")).room == general);
  CHECK(read<command::send>(format, commands.send(2, "general", "k", "hi")) ==
        command::send{general, "k", text});
  CHECK(read<command::send>(format, commands.send(2, "general", {}, "hi")) ==
        command::send{general, {}, text});
  CHECK(read<command::direct>(format, commands.direct(2, "alice", "k", "hi")) ==
        command::direct{alice, "k", text});
  CHECK(read<command::edit>(format, commands.edit(2, "general", 7, "hi")) ==
        command::edit{general, {}, seq_no{7}, text});
  for (const bool on : {true, false})
    CHECK(read<command::react>(format, commands.react(2, "general", 7, "👍", on)) ==
          command::react{general, {}, seq_no{7}, "👍", on});
  for (const bool on : {true, false})
    CHECK(read<command::typing>(format, commands.typing("general", on)) ==
          command::typing{general, on});
  CHECK(read<command::history>(format, commands.history(2, "general", 9)).before == seq_no{9});
  CHECK_FALSE(read<command::history>(format, commands.history(2, "general", 0)).before);
  CHECK(read<command::signal>(format, commands.signal(2, "alice")).to ==
        std::variant<user_id, session_name>{alice});
}

TEST_CASE("a join names from where it resumes only where it is asked to") {
  const auto format = GENERATE(codec::json, codec::cbor);
  const command_writer commands{format};
  const auto join = [&](const resume_entry& at, bool with_since) {
    return read<command::join>(format, commands.join(2, at, with_since)).at;
  };

  CHECK(join({"general", 0, {}}, true) == command::resume_point{general, seq_no{0}, {}});
  CHECK(join({"general", 5, "e1"}, true) ==
        command::resume_point{general, seq_no{5}, epoch_id{"e1"}});
  CHECK(join({"general", 5, "e1"}, false) == command::resume_point{general, {}, {}});
}

TEST_CASE("a hello is of a guest or has a token, and resumes what it names") {
  const auto format = GENERATE(codec::json, codec::cbor);
  const command_writer commands{format};
  const std::vector<resume_entry> resume{{"general", 5, "e1"}, {"other", 0, {}}};

  const auto guest = read<command::hello>(format, commands.hello(1, {{}, "alice", {}, {}}));
  const auto named =
      read<command::hello>(format, commands.hello(1, {"a.b.c", "alice", "phone", resume}));

  CHECK(guest.guest == alice);
  CHECK_FALSE(guest.token);
  CHECK_FALSE(guest.device);
  CHECK(guest.resume.empty());
  CHECK(named.token == "a.b.c");
  CHECK_FALSE(named.guest);
  CHECK(named.device == device_id::trusted("phone"));
  CHECK(named.resume ==
        std::vector<command::resume_point>{{general, seq_no{5}, epoch_id{"e1"}},
                                           {room_id::trusted("other"), seq_no{0}, {}}});
}

TEST_CASE("a command keeps its id, and without one is only answered where it is wrong") {
  const command_writer commands{codec::json};

  CHECK(std::get<request>(decode(codec::json, commands.leave(2, "general"))).id == ref_no{2});
  CHECK_FALSE(std::get<request>(decode(codec::json, commands.typing("general", true))).id);
  const auto nonsense = std::get<rejected>(decode(codec::json, commands.nonsense(3)));
  CHECK(nonsense.code == error_code::unknown_type);
  CHECK(nonsense.id == ref_no{3});
}
