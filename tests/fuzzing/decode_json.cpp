#include "tests/fuzzing/decode.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  confab::fuzzing::check_decoding(confab::codec::json, {reinterpret_cast<const char*>(data), size});
  return 0;
}
