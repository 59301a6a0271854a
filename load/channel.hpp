#pragma once

#include "load/inflater.hpp"
#include "load/report.hpp"
#include "load/websocket.hpp"
#include "load/wire.hpp"
#include "protocol/frame.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace confab::load {

class channel;

/// Who is told what happens on channels. Everything given is valid during the call; the channel may
/// be dropped in it.
class channel_owner {
 public:
  virtual ~channel_owner() = default;
  virtual void opened(channel& which) = 0;
  virtual void received(channel& which, websocket::opcode kind, std::string_view payload) = 0;
  /// Closed by the server: with its code, or 1006 and what went wrong.
  virtual void ended(channel& which, std::uint16_t code, std::string_view reason) = 0;
};

/// What the channels of one thread share.
struct channel_context {
  channel_owner& owner;
  const endpoint& server;
  const tls_context* tls = nullptr;  // null: without
  codec format = codec::json;
  bool may_compress = false;
  counters& count;
  load::inflater inflater = {};
  std::vector<char> input = std::vector<char>(256 * 1024);
  std::string output = {};
  std::uint32_t mask = 0x9e3779b9;
};

/// A WebSocket to the server, from connecting to its end. Holds buffers only for what is
/// incomplete, so that an idle one has none.
class channel {
 public:
  /// Whatever fails is told to the owner, but not before this returned: a failure at once comes as
  /// the return value.
  std::string start(channel_context& with, const address& to, const address& source,
                    int receive_bytes = 0);
  /// After epoll said so. `bytes_max`: to read at most.
  void proceed(channel_context& with, bool is_readable, bool is_writable,
               std::size_t bytes_max = SIZE_MAX);
  void send(channel_context& with, websocket::opcode kind, std::string_view payload);
  /// Ends it without telling the owner.
  void drop();

  int fd() const { return wire_.fd(); }
  bool is_alive() const { return at_ != state::none; }
  bool is_open() const { return at_ == state::open; }
  /// Whether epoll has to say when it can be written.
  bool wants_write() const { return at_ == state::connecting || !out_.empty(); }

 private:
  enum class state : std::uint8_t { none, connecting, shaking, upgrading, open };

  void shake(channel_context& with);
  void begin_upgrade(channel_context& with);
  bool read_once(channel_context& with, std::size_t bytes_max);
  std::size_t take(channel_context& with, std::string_view bytes);
  bool take_upgrade(channel_context& with, std::string_view& bytes);
  void take_frame(channel_context& with, const websocket::frame& what);
  void take_message(channel_context& with, websocket::opcode kind, bool compressed,
                    std::string_view payload);
  void flush(channel_context& with);
  void fail(channel_context& with, std::string_view why);
  void end(channel_context& with, std::uint16_t code, std::string_view reason);

  struct fragments {
    websocket::opcode kind;
    bool compressed;
    std::string payload;
  };

  wire wire_;
  std::string in_, out_;
  std::unique_ptr<fragments> fragments_;
  state at_ = state::none;
  bool deflates_ = false;
  std::uint16_t generation_ = 0;  // tells whether the owner dropped it meanwhile
};

}  // namespace confab::load
