#pragma once

#include "transport/http_head.hpp"
#include "transport/net.hpp"
#include "transport/proxy_header.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>

#include <cstddef>
#include <variant>

namespace confab::transport {

namespace http = beast::http;

/// How much of a head is read at once.
inline constexpr std::size_t head_read_bytes = 4096;

/// Reads what a proxy says before all else, and takes it out of `buffer`.
template <class Socket>
task<> read_proxy_header(Socket& socket, beast::flat_buffer& buffer, found_proxy_header& found,
                         error_code& ec) {
  found = half_proxy_header{};
  while (std::holds_alternative<half_proxy_header>(found)) {
    const auto bytes =
        co_await socket.async_read_some(buffer.prepare(proxy_header_bytes_max), into(ec));
    buffer.commit(bytes);
    if (ec) co_return;
    const auto unread = buffer.cdata();
    found = read_proxy_header({static_cast<const char*>(unread.data()), unread.size()});
  }
  if (const auto* header = std::get_if<proxy_header>(&found)) buffer.consume(header->bytes);
}

/// Reads the head of a request behind what is in `buffer`; what comes behind it stays there. Step by
/// step, to see the head before it is parsed: Beast takes folded lines.
template <class Stream, class Parser>
task<> read_head(Stream& stream, beast::flat_buffer& buffer, Parser& into_parser,
                 std::size_t header_bytes_max, error_code& ec) {
  std::size_t bytes = 0;
  for (bool more = buffer.size() == 0; !into_parser.is_header_done(); more = true) {
    if (more) {
      const auto came = co_await stream.async_read_some(buffer.prepare(head_read_bytes), into(ec));
      buffer.commit(came);
      if (ec == net::error::eof && into_parser.got_some()) ec = http::error::partial_message;
      if (ec) co_return;
    }
    const auto unread = buffer.cdata();
    if (has_folded_line({static_cast<const char*>(unread.data()), unread.size()})) {
      ec = http::error::bad_obs_fold;
      co_return;
    }
    const auto used = into_parser.put(unread, ec);
    buffer.consume(used);
    bytes += used;
    if (ec == http::error::need_more) ec = {};
    // Beast's own limit leaves out the request line.
    if (!ec && bytes + buffer.size() * !into_parser.is_header_done() > header_bytes_max)
      ec = http::error::header_limit;
    if (ec) co_return;
  }
}

}  // namespace confab::transport
