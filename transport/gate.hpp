#pragma once

#include "transport/frame_scanner.hpp"
#include "transport/net.hpp"
#include "transport/outbox.hpp"
#include "transport/reactor.hpp"

#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/core/stream_traits.hpp>

#include <cstddef>
#include <string>
#include <utility>

namespace confab::transport {

/// What the gate and the connection around it share. Lives in the connection.
struct gate_link {
  outbox* out = nullptr;
  meter* bytes_in = nullptr;
  frame_scanner scanner;
  bool scans = false;        // permessage-deflate was agreed on
  bool heard = true;         // something came since the last ping
  std::string read_already;  // behind the upgrade request, of an impatient client

  template <class Buffers>
  void received(const Buffers& into, std::size_t bytes) {
    heard = heard || bytes > 0;
    bytes_in->add(bytes);
    if (!scans) return;
    for (auto at = net::buffer_sequence_begin(into);
         at != net::buffer_sequence_end(into) && bytes > 0; ++at) {
      const net::mutable_buffer part = *at;
      const auto size = std::min(bytes, part.size());
      scanner.scan({static_cast<unsigned char*>(part.data()), size});
      bytes -= size;
    }
  }
};

/// The layer under Beast's WebSocket stream. What Beast writes (the handshake's answer, pongs,
/// close frames) goes into the connection's outbox and is done at once, so that the socket has
/// one writer and one queue; what it reads is watched on its way.
template <class NextLayer>
class gate {
 public:
  using next_layer_type = NextLayer;
  using executor_type = typename NextLayer::executor_type;

  gate(NextLayer&& next, gate_link& link) : next_(std::move(next)), link_(&link) {}

  executor_type get_executor() noexcept { return next_.get_executor(); }
  next_layer_type& next_layer() noexcept { return next_; }
  const next_layer_type& next_layer() const noexcept { return next_; }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return net::async_initiate<Token, void(error_code, std::size_t)>(
        [this](auto handler, const Buffers& into) { start_read(into, std::move(handler)); }, token,
        buffers);
  }

  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return net::async_initiate<Token, void(error_code, std::size_t)>(
        [this](auto handler, const Buffers& from) {
          auto bytes = beast::buffers_to_string(from);
          const auto size = bytes.size();
          error_code ec;
          if (!link_->out->push_control(std::move(bytes))) ec = net::error::broken_pipe;
          net::post(get_executor(),
                    beast::bind_front_handler(std::move(handler), ec, ec ? 0 : size));
        },
        token, buffers);
  }

 private:
  template <class Handler, class Buffers>
  struct read_op {
    gate_link* link;
    typename NextLayer::executor_type io;
    Buffers buffers;
    Handler handler;

    using allocator_type = net::associated_allocator_t<Handler>;
    using executor_type = net::associated_executor_t<Handler, typename NextLayer::executor_type>;
    using cancellation_slot_type = net::associated_cancellation_slot_t<Handler>;
    allocator_type get_allocator() const noexcept { return net::get_associated_allocator(handler); }
    executor_type get_executor() const noexcept {
      return net::get_associated_executor(handler, io);
    }
    cancellation_slot_type get_cancellation_slot() const noexcept {
      return net::get_associated_cancellation_slot(handler);
    }

    void operator()(error_code ec, std::size_t bytes) {
      link->received(buffers, bytes);
      std::move(handler)(ec, bytes);
    }
  };

  template <class Buffers, class Handler>
  void start_read(const Buffers& into, Handler&& handler) {
    if (!link_->read_already.empty()) {
      const auto bytes = net::buffer_copy(into, net::buffer(link_->read_already));
      link_->read_already.erase(0, bytes);
      if (link_->read_already.empty()) std::string().swap(link_->read_already);
      link_->received(into, bytes);
      net::post(get_executor(),
                beast::bind_front_handler(std::forward<Handler>(handler), error_code{}, bytes));
      return;
    }
    next_.async_read_some(into, read_op<std::decay_t<Handler>, Buffers>{
                                    link_, get_executor(), into, std::forward<Handler>(handler)});
  }

  // The connection does this itself, after its queue has been written.
  template <class Handler>
  friend void async_teardown(beast::role_type, gate& self, Handler&& handler) {
    net::post(self.get_executor(),
              beast::bind_front_handler(std::forward<Handler>(handler), error_code{}));
  }
  friend void teardown(beast::role_type, gate&, error_code& ec) { ec = {}; }
  friend void beast_close_socket(gate& self) {
    beast::close_socket(beast::get_lowest_layer(self.next_));
  }

  NextLayer next_;
  gate_link* link_;
};

}  // namespace confab::transport
