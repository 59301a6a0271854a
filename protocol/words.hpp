#pragma once

#include <string_view>
#include <vector>

namespace confab {

/// The words of a query: what stands between white space, that of ideographs too.
std::vector<std::string_view> words_in(std::string_view text);

}  // namespace confab
