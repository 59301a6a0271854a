#pragma once

#include "transport/handshake.hpp"
#include "transport/http_answers.hpp"
#include "transport/http_reading.hpp"
#include "transport/http_rules.hpp"
#include "transport/late_answer.hpp"
#include "transport/lingering.hpp"
#include "transport/routing.hpp"
#include "transport/serve.hpp"
#include "transport/sleeper.hpp"
#include "transport/upgrade.hpp"
#include "transport/websocket_connection.hpp"

#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/chunk_encode.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace confab::transport {

namespace http = beast::http;

/// A connection in its HTTP phase. Lives in the frame of its coroutine.
template <class Stream>
class http_connection final : public live_connection,
                              private timer_wheel::entry,
                              private reserved_place {
 public:
  http_connection(Stream&& stream, std::shared_ptr<reactor_core> reactor, std::string peer_address,
                  admission::slot slot)
      : stream_(std::move(stream)),
        reactor_(std::move(reactor)),
        peer_address_(std::move(peer_address)),
        slot_(std::move(slot)),
        buffer_(reactor_->how().header_bytes_max + head_read_bytes),
        sleeper_(*reactor_) {
    reactor_->add(*this);
    if (slot_.reserved()) reactor_->add_reserved(*this);
  }
  ~http_connection() { reactor_->disarm(*this); }

  task<> run();

  /// Answers once more, then ends: see `may_stay`. What stays open by itself is ended.
  void drain() override {
    if (open_body_) open_body_->end();
  }
  void abort() noexcept override {
    if (moved_) return;
    aborted_ = true;
    sleeper_.detach();  // the io_context may end before whoever answers
    beast::close_socket(beast::get_lowest_layer(stream_));
    sleeper_.wake();
  }

 private:
  using parser = http::request_parser<http::string_body>;

  void expired() override {
    if (!waits_for_answer_) return abort();
    time_is_up_ = true;
    sleeper_.wake();
  }
  void give_up_place() noexcept override { abort(); }
  void limit(std::chrono::milliseconds wait) { reactor_->arm(*this, wait); }
  bool may_stay() const;

  task<> take_proxy_header(error_code& ec);
  task<> wait_for_request(error_code& ec);
  task<> read_body(parser& into_parser, http_request& into_request, error_code& ec);
  // By reference: GCC 12 destroys temporaries in the arguments of an awaited call twice.
  task<> serve_page(http_request& request, bool& keep_alive, unsigned version, error_code& ec);
  task<> serve_late(const http_route& page, http_request& request, bool& keep_alive,
                    unsigned version, error_code& ec);
  task<> upgrade(const websocket_route& route, http_request& request, bool keep_alive,
                 error_code& ec);
  template <class Slot>
  task<> wait_for_answer(Slot& slot, std::chrono::milliseconds wait, error_code& ec);
  task<> answer(http_response& what, const http_request& to, bool keep_alive, error_code& ec);
  task<> send_stream(late_response& what, bool is_head, bool keep_alive, bool chunked,
                     error_code& ec);
  task<> close();

  Stream stream_;
  std::shared_ptr<reactor_core> reactor_;
  std::string peer_address_;
  admission::slot slot_;
  beast::flat_buffer buffer_;
  sleeper sleeper_;
  const std::chrono::steady_clock::time_point born_ = std::chrono::steady_clock::now();
  bool proxied_ = false;
  bool moved_ = false;
  bool aborted_ = false;
  // Of answers that come later.
  bool waits_for_answer_ = false;
  bool time_is_up_ = false;
  std::shared_ptr<stream_box> open_body_;
};

/// A place is kept only while there are others, and not for ever.
template <class Stream>
bool http_connection<Stream>::may_stay() const {
  const auto& shared = reactor_->shared();
  return !shared.draining && !slot_.reserved() && !shared.admission->is_crowded() &&
         std::chrono::steady_clock::now() - born_ < shared.how.http_wait_max;
}

template <class Stream>
task<> http_connection<Stream>::run() {
  const auto& how = reactor_->how();
  const auto& shared = reactor_->shared();
  error_code ec;
  limit(slot_.reserved() ? how.close_wait : how.handshake_wait);
  if (how.proxy_protocol && is_proxy(peer_address_, how.trusted_proxies)) {
    co_await take_proxy_header(ec);
    if (ec) co_return;
  }
  if constexpr (is_tls<Stream>) {
    // What came behind a proxy's header was read with it.
    const auto unread = buffer_.cdata();
    const auto used =
        co_await stream_.async_handshake(net::ssl::stream_base::server, unread, into(ec));
    buffer_.consume(used);
    if (ec) {
      reactor_->note({incident_kind::tls_failed, "handshake", peer_address_, ec.message()});
      co_return;
    }
  }
  for (bool keep_alive = true; keep_alive;) {
    std::optional<parser> message(std::in_place);
    message->header_limit(static_cast<std::uint32_t>(how.header_bytes_max));
    message->body_limit(boost::none);  // its row has one: see `read_body`
    co_await read_head(stream_, buffer_, *message, how.header_bytes_max, ec);
    http_request request;
    std::optional<http_response> refusal;
    unsigned version = 11;
    if (!ec) {
      version = message->get().version();
      request = to_request(message->get(), peer_address_, is_tls<Stream>);
      request.proxied = proxied_;
      request.peer_address =
          client_address(peer_address_, request.list("X-Forwarded-For"), how.trusted_proxies);
      refusal = refuse_head(shared, request, version);
      if (!refusal && !message->is_done()) refusal = refuse_early(shared, request);
      if (!refusal) co_await read_body(*message, request, ec);
    }
    if (ec) {
      const auto status = status_for(ec);
      if (status == 0) co_return;
      reactor_->note({incident_kind::request_refused, status == 400 ? "malformed" : "too_large",
                      peer_address_, ec.message()});
      refusal = refuse_unread(shared, request, status, ec.message());
    }
    if (refusal) {
      co_await answer(*refusal, request, false, ec);
      if (!ec) co_await close();
      co_return;
    }
    keep_alive = message->keep_alive() && may_stay();
    message.reset();
    refusal = turn_down(shared, request, slot_.reserved());
    const auto* route = refusal ? nullptr : find_route(shared.websockets, request.path);
    if (refusal) {
      if (slot_.reserved()) reactor_->count.refused.add();
      co_await answer(*refusal, request, keep_alive, ec);
    } else if (route && asks_for_websocket(request, version)) {
      co_await upgrade(*route, request, keep_alive, ec);
      if (moved_) co_return;
    } else {
      co_await serve_page(request, keep_alive, version, ec);
    }
    if (ec) co_return;
    keep_alive = keep_alive && may_stay();
    if (keep_alive) co_await wait_for_request(ec);
    if (ec) co_return;
  }
  co_await close();
}

/// Where there is one: it comes before TLS.
template <class Stream>
task<> http_connection<Stream>::take_proxy_header(error_code& ec) {
  found_proxy_header found;
  auto& socket = beast::get_lowest_layer(stream_);
  co_await read_proxy_header(socket, buffer_, found, ec);
  if (ec) co_return;
  if (std::holds_alternative<bad_proxy_header>(found)) {
    reactor_->note({incident_kind::request_refused, "malformed", peer_address_, "PROXY protocol"});
    ec = net::error::invalid_argument;
  }
  if (const auto* header = std::get_if<proxy_header>(&found)) {
    proxied_ = header->source.has_value();
    if (header->source) peer_address_ = *header->source;
  }
}

template <class Stream>
task<> http_connection<Stream>::wait_for_request(error_code& ec) {
  if (buffer_.size() == 0) {
    buffer_.shrink_to_fit();
    limit(reactor_->how().idle_wait_max);
    const auto bytes = co_await stream_.async_read_some(buffer_.prepare(head_read_bytes), into(ec));
    buffer_.commit(bytes);
  }
  limit(reactor_->how().handshake_wait);
}

template <class Stream>
task<> http_connection<Stream>::read_body(parser& into_parser, http_request& into_request,
                                          error_code& ec) {
  if (into_parser.is_done()) co_return;
  const auto bytes_max = body_bytes_max(reactor_->shared(), into_request);
  const auto length = into_parser.content_length();
  if (length && *length > bytes_max) {
    ec = http::error::body_limit;
    co_return;
  }
  into_parser.body_limit(bytes_max);
  if (beast::iequals(into_parser.get()[http::field::expect], "100-continue")) {
    http::response<http::empty_body> go_on(http::status::continue_, 11);
    co_await http::async_write(stream_, go_on, into(ec));
    if (ec) co_return;
  }
  co_await http::async_read(stream_, buffer_, into_parser, into(ec));
  if (!ec) into_request.body = std::move(into_parser.get().body());
}

template <class Stream>
task<> http_connection<Stream>::serve_page(http_request& request, bool& keep_alive,
                                           unsigned version, error_code& ec) {
  const auto& shared = reactor_->shared();
  auto found = find_page(shared, request);
  if (auto* none = std::get_if<http_response>(&found)) {
    co_await answer(*none, request, keep_alive, ec);
    co_return;
  }
  const auto& page = *std::get<const http_route*>(found);
  if (page.respond_later) {
    co_await serve_late(page, request, keep_alive, version, ec);
    co_return;
  }
  auto given = respond(shared, page, request);
  co_await answer(given, request, keep_alive, ec);
}

template <class Stream>
task<> http_connection<Stream>::serve_late(const http_route& page, http_request& request,
                                           bool& keep_alive, unsigned version, error_code& ec) {
  const auto& shared = reactor_->shared();
  const auto slot = std::make_shared<exchange_handle::slot>(std::move(request), sleeper_.remote());
  ask(shared, page, slot);
  co_await wait_for_answer(*slot, page.answer_wait_max, ec);
  auto given = settle(shared, *slot);
  if (!given.body) {
    if (!ec) co_await answer(given.head, slot->request(), keep_alive, ec);
    co_return;
  }
  // Whatever happens here, who writes into it hears of its end.
  struct closing {
    std::shared_ptr<stream_box> body;
    ~closing() { body->close(); }
  } const end{given.body};
  open_body_ = given.body;
  if (shared.draining) open_body_->end();
  const bool chunked = version >= 11;
  keep_alive = keep_alive && chunked;  // without chunks the connection's end is the body's
  if (!ec) co_await send_stream(given, slot->request().method == "HEAD", keep_alive, chunked, ec);
  open_body_.reset();
}

template <class Stream>
task<> http_connection<Stream>::upgrade(const websocket_route& route, http_request& request,
                                        bool keep_alive, error_code& ec) {
  const auto& shared = reactor_->shared();
  auto verdict = judge_upgrade(shared, request, route);
  auto* agreed = std::get_if<agreement>(&verdict);
  if (!agreed) {
    co_await answer(std::get<http_response>(verdict), request, keep_alive, ec);
    co_return;
  }
  if (route.authorize_later) {
    const auto slot = std::make_shared<upgrade_handle::slot>(std::move(request), sleeper_.remote());
    ask(shared, route, slot);
    co_await wait_for_answer(*slot, route.answer_wait_max, ec);
    auto refusal = settle(shared, *slot, *agreed);
    if (ec) co_return;
    if (refusal) {
      co_await answer(*refusal, slot->request(), keep_alive, ec);
      co_return;
    }
  }
  reactor_->disarm(*this);
  live_connection::unlink();
  moved_ = true;
  std::make_shared<websocket_connection<Stream>>(std::move(stream_), reactor_, std::move(slot_))
      ->start(*agreed, beast::buffers_to_string(buffer_.data()));
}

template <class Stream>
template <class Slot>
task<> http_connection<Stream>::wait_for_answer(Slot& slot, std::chrono::milliseconds wait,
                                                error_code& ec) {
  waits_for_answer_ = true;
  time_is_up_ = false;
  limit(wait);
  while (!slot.over() && !time_is_up_ && !aborted_) co_await sleeper_.sleep();
  waits_for_answer_ = false;
  if (aborted_) ec = net::error::operation_aborted;
}

template <class Stream>
task<> http_connection<Stream>::answer(http_response& what, const http_request& to, bool keep_alive,
                                       error_code& ec) {
  // Long enough for a page over a bad line.
  limit(reactor_->how().idle_wait_max);
  struct share {
    reactor_core& of;
    std::size_t bytes;
    ~share() { of.give_outbound(bytes); }
  };
  const bool fits = reactor_->take_outbound(what.body.size());
  const share held{*reactor_, fits ? what.body.size() : 0};
  if (!fits) what = refuse(503, "too much waits to be read");
  auto message = to_response(std::move(what), to, keep_alive);
  ec = {};
  const auto bytes = co_await http::async_write(stream_, message, into(ec));
  reactor_->count.bytes_out.add(bytes);
}

template <class Stream>
task<> http_connection<Stream>::send_stream(late_response& what, bool is_head, bool keep_alive,
                                            bool chunked, error_code& ec) {
  const auto& how = reactor_->how();
  auto head = to_head(std::move(what.head), keep_alive, chunked);
  http::response_serializer<http::empty_body> writer(head);
  limit(how.idle_wait_max);
  co_await http::async_write_header(stream_, writer, into(ec));
  while (!ec && !is_head) {
    const auto portion = what.body->take();
    const auto bytes = net::buffer(portion.bytes);
    if (!portion.bytes.empty()) {
      limit(how.idle_wait_max);
      const auto chunk = http::make_chunk(bytes);
      if (chunked)
        co_await net::async_write(stream_, chunk, into(ec));
      else
        co_await net::async_write(stream_, bytes, into(ec));
      reactor_->count.bytes_out.add(portion.bytes.size());
      if (ec) co_return;
    }
    what.body->tell_writable();
    if (portion.last) break;
    if (!portion.bytes.empty()) continue;
    reactor_->disarm(*this);
    co_await sleeper_.sleep();
    if (aborted_) ec = net::error::operation_aborted;
  }
  const auto last = http::make_chunk_last();
  if (!ec && !is_head && chunked) co_await net::async_write(stream_, last, into(ec));
}

template <class Stream>
task<> http_connection<Stream>::close() {
  error_code ec;
  limit(reactor_->how().close_wait);
  if constexpr (is_tls<Stream>) co_await stream_.async_shutdown(into(ec));
  if constexpr (is_tls<Stream> || std::is_same_v<Stream, tcp_socket>)
    co_await linger(beast::get_lowest_layer(stream_));
}

template <class Stream>
task<> serve(Stream stream, std::shared_ptr<reactor_core> reactor, std::string peer_address,
             admission::slot slot) {
  // The wall: what is thrown here is a bug, or memory that is gone, and ends this connection only.
  try {
    if (reactor->shared().aborted) co_return;
    http_connection<Stream> connection(std::move(stream), reactor, std::move(peer_address),
                                       std::move(slot));
    co_await connection.run();
  } catch (...) {
    reactor->note_bug("connection");
  }
}

}  // namespace confab::transport
