// Messages of a cluster's shared log: what is read means one thing, and nothing is paid for what is
// only promised.

#include "cluster/batch.hpp"
#include "cluster/packing.hpp"
#include "tests/fuzzing/fuzzing.hpp"

using namespace confab;
using namespace confab::cluster;
using confab::fuzzing::must;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  const auto said = decode(bytes);
  if (const auto* frames = std::get_if<std::vector<frame>>(&said))
    must(encode(*frames) == bytes, "one message has one form");

  // Without the checksum, which no fuzzer finds.
  byte_reader from{bytes};
  if (const auto one = unpack_operation(from)) {
    byte_writer again;
    must(pack(again, *one), "what was read can be written");
    must(bytes.starts_with(again.view()), "one operation has one form");
  }
  return 0;
}
