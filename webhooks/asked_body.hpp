#pragma once

#include "protocol/codec.hpp"
#include "rooms/hook_question.hpp"
#include "webhooks/asking.hpp"
#include "webhooks/retrying.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <variant>

/// What a hook is asked as bytes, and what its answer means. Pure.
namespace confab::webhooks {

/// Of a signed address.
inline constexpr std::size_t file_url_bytes_max = 8'192;
/// Of an answer, which is cut off there.
inline constexpr std::size_t asked_answer_bytes_max = 64 * 1024;

using question =
    std::variant<rooms::message_question, rooms::upload_question, rooms::download_question>;

std::string body_of(const question& asked, unix_ms now);

struct asked_answer {
  asked_result result = asked_result::failed;
  std::optional<rooms::hook_verdict> what{};  // none: there is no answer
  std::string why{};                          // then: why not
};
/// What is said of a message is taken from the question.
asked_answer read_answer(const reply& came, question& asked, const decode_limits& limits);

}  // namespace confab::webhooks
