#pragma once

#include "protocol/frame_sink.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// HTTP as the routes see it. Implemented in server/ on the transport, and by a value in tests.
namespace confab::api {

struct response {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body{};
  std::vector<std::pair<std::string, std::string>> headers{};
};

/// What is read of a request.
class request_view {
 public:
  virtual ~request_view() = default;
  virtual std::string_view method() const = 0;
  /// Behind /api/v1, percent-encoded.
  virtual std::string_view path() const = 0;
  /// Without "?".
  virtual std::string_view query() const = 0;
  virtual std::optional<std::string_view> header(std::string_view name) const = 0;
  /// How often there is such a header.
  virtual std::size_t count(std::string_view name) const = 0;
  virtual std::string_view peer() const = 0;
  /// What the peer's address is counted by: of IPv6 the /64.
  virtual std::string counted_as() const = 0;
  /// What is said cannot be heard on the way.
  virtual bool confidential() const = 0;
  virtual std::string_view body() const = 0;
};

/// A body that goes on; see transport::response_stream.
class stream {
 public:
  virtual ~stream() = default;
  [[nodiscard]] virtual push_result write(std::string_view bytes) = 0;
  virtual void end() = 0;
};

/// A request that waits for its answer. Any thread may answer, once; who lets go of it without an
/// answer has said that there will be none.
class exchange {
 public:
  virtual ~exchange() = default;
  virtual const request_view& asked() const = 0;
  virtual void answer(response what) = 0;
  /// Nobody waits for the answer any more, or it was given; any thread.
  virtual bool over() const noexcept = 0;
  /// Null where nobody waits any more. Both are called on the connection's thread.
  virtual std::shared_ptr<stream> open(response head, std::function<void()> on_writable,
                                       std::function<void()> on_closed) = 0;
};

}  // namespace confab::api
