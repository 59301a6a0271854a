// An upgrade with a token whose verdict comes later.

#include "server/chat.hpp"
#include "tests/support/catch.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>
#include <optional>
#include <string>

namespace confab::server {
namespace {

using question = std::shared_ptr<actors::token_question>;

/// Hands its only question to the test.
class slow_authenticator final : public actors::authenticator {
 public:
  explicit slow_authenticator(std::promise<question>& asked) : asked_(asked) {}
  actors::token_verdict verify(std::string_view, unix_ms) const override {
    throw std::logic_error("it answers later");
  }
  bool answers_later() const noexcept override { return true; }
  void verify_later(question what, unix_ms) const override { asked_.set_value(std::move(what)); }
  bool guests_allowed() const noexcept override { return true; }
  bool has_key() const noexcept override { return false; }

 private:
  std::promise<question>& asked_;
};

config on_any_port() {
  config how;
  how.port = 0;
  how.journal = journal_kind::memory;
  how.shards = 1;
  return how;
}

/// A server, and a connection to it that has asked for an upgrade with a token.
class stage {
 public:
  stage() {
    chat_.emplace(runtime_, how_, std::make_unique<slow_authenticator>(asked_));
    runtime_.listen(transport_options(how_), chat_->websockets(), chat_->pages());
    chat_->open(how_, [] { return false; });
    socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(runtime_.listener().port());
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0);
    const std::string request =
        "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        "Authorization: Bearer t\r\n\r\n";
    REQUIRE(::write(socket_, request.data(), request.size()) ==
            static_cast<ssize_t>(request.size()));
    question_ = asked_.get_future().get();
  }
  ~stage() {
    ::close(socket_);
    question_.reset();
    chat_->end_actors();
  }

  void answer(actors::token_verdict what) { question_->answer(std::move(what)); }
  void let_go() { question_.reset(); }
  /// The status line's number.
  std::string status() {
    std::string head(12, '\0');
    REQUIRE(::recv(socket_, head.data(), head.size(), MSG_WAITALL) == 12);
    return head.substr(9);
  }

 private:
  const config how_ = on_any_port();
  std::promise<question> asked_;
  // As in main.cpp: what the actors use outlives the threads they run on.
  std::optional<chat> chat_;
  runtime runtime_{how_.shards};
  int socket_ = -1;
  question question_;
};

}  // namespace

TEST_CASE("an upgrade waits for the verdict on its token") {
  stage on;

  SECTION("good") {
    actors::identity who;
    who.user = user_id::trusted("alice");
    on.answer(std::move(who));
    CHECK(on.status() == "101");
  }
  SECTION("refused") {
    on.answer(actors::unauthorized{"no", false});
    CHECK(on.status() == "401");
  }
  SECTION("none") {
    on.let_go();
    CHECK(on.status() == "500");
  }
}

}  // namespace confab::server
