#include "tests/support/source_dir.hpp"

namespace confab::test {

std::string source_dir() { return CONFAB_SOURCE_DIR; }

}  // namespace confab::test
