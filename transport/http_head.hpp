#pragma once

#include "transport/port.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Whether the head of a request may be believed, and whom it is for.
namespace confab::transport {

/// True if the server answers for the `Host` of `request`: it is one of `hosts`, or nobody said
/// which there are. `local_only`: a local name or an address is needed, or one of `hosts`; a page
/// of elsewhere, whose name its owner makes resolve to us ("DNS rebinding"), has neither.
bool host_served(const http_request& request, const std::vector<std::string>& hosts,
                 bool local_only);

/// What of a request's head would be read by us and by a proxy in different ways, or is no HTTP: a
/// sentence; nothing if all is well. `version` is 10 or 11.
std::optional<std::string> head_fault(const http_request& request, unsigned version);

/// Whether a line of the head at the start of `bytes`, which may not be whole yet, begins with a
/// blank: then it goes on with the line before (RFC 9112 §5.2), or is a header of its own, depending
/// on who reads it.
bool has_folded_line(std::string_view bytes);

}  // namespace confab::transport
