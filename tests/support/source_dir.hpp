#pragma once

#include <string>

namespace confab::test {

/// Where the project's sources are, for tests that read its documents. A function of a file of its own, so that
/// no other object file depends on where that is, and what one working copy has compiled serves another.
std::string source_dir();

}  // namespace confab::test
