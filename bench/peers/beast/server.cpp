// A naive chat on Boost.Beast, in the idiom of its example chat-multi: a session per socket with a
// queue of shared strings, one asynchronous write at a time, one frame each. One thread.
//
//   bench_peer_beast PORT

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using asio::ip::tcp;
using boost::system::error_code;
using nlohmann::json;

class session;
using room = std::unordered_set<session*>;
using room_table = std::unordered_map<std::string, room>;

class session : public std::enable_shared_from_this<session> {
 public:
  session(tcp::socket socket, room_table& rooms) : ws_(std::move(socket)), rooms_(rooms) {}
  ~session() {
    if (members_ != nullptr) members_->erase(this);
  }

  void run() {
    http::async_read(ws_.next_layer(), buffer_, request_,
                     [self = shared_from_this()](error_code ec, std::size_t) {
                       if (!ec) self->accept();
                     });
  }

  void send(const std::shared_ptr<const std::string>& text) {
    queue_.push_back(text);
    if (queue_.size() == 1) write();
  }

 private:
  void accept() {
    echo_ = request_.target() == "/echo";
    ws_.async_accept(request_, [self = shared_from_this()](error_code ec) {
      if (!ec) self->read();
    });
  }

  void read() {
    ws_.async_read(buffer_, [self = shared_from_this()](error_code ec, std::size_t) {
      if (ec) return;
      self->heard(beast::buffers_to_string(self->buffer_.data()));
      self->buffer_.consume(self->buffer_.size());
      self->read();
    });
  }

  void heard(std::string text) {
    if (echo_) return send(std::make_shared<const std::string>(std::move(text)));
    const auto message = json::parse(text);
    if (message["type"] == "join") {
      name_ = message["name"];
      room_ = message["room"];
      members_ = &rooms_[room_];
      members_->insert(this);
      send(std::make_shared<const std::string>(json{{"type", "joined"}, {"room", room_}}.dump()));
    } else if (members_ != nullptr) {
      const auto out = std::make_shared<const std::string>(json{
          {"type", "message"},
          {"room", room_},
          {"from", name_},
          {"text", message["text"]}}.dump());
      for (auto* member : *members_) member->send(out);
    }
  }

  void write() {
    ws_.async_write(asio::buffer(*queue_.front()),
                    [self = shared_from_this()](error_code ec, std::size_t) {
                      if (ec) return;
                      self->queue_.erase(self->queue_.begin());
                      if (!self->queue_.empty()) self->write();
                    });
  }

  websocket::stream<tcp::socket> ws_;
  room_table& rooms_;
  beast::flat_buffer buffer_;
  http::request<http::string_body> request_;
  std::vector<std::shared_ptr<const std::string>> queue_;
  std::string name_, room_;
  room* members_ = nullptr;  // of the table's: its nodes stay where they are
  bool echo_ = false;
};

void accept_next(tcp::acceptor& acceptor, room_table& rooms) {
  acceptor.async_accept([&](error_code ec, tcp::socket socket) {
    if (!ec) {
      socket.set_option(tcp::no_delay{true});
      std::make_shared<session>(std::move(socket), rooms)->run();
    }
    accept_next(acceptor, rooms);
  });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  room_table rooms;  // outlives the sessions, which the context owns
  asio::io_context context{1};
  tcp::acceptor acceptor{
      context,
      {asio::ip::make_address("127.0.0.1"), static_cast<unsigned short>(std::atoi(argv[1]))}};
  accept_next(acceptor, rooms);
  context.run();
}
