#pragma once

#include "server/chat.hpp"
#include "server/config.hpp"
#include "transport/listener.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

namespace confab::server {

/// Takes over what may change while the server runs: the log level, certificate and key, and what
/// tokens are checked by. What cannot be used is told in a sentence, and what was in use stays.
/// Thread: that of the signals.
class reloading {
 public:
  using read_config = std::function<std::variant<config, std::string>()>;

  /// `now`: as the server is started. As soon as that is known: what changes later is noticed, though
  /// the server may still be starting. All must outlive this.
  reloading(config& now, read_config read);
  /// For whom it is, before the first of what follows.
  void serve(transport::listener& listener, chat& chat) noexcept {
    listener_ = &listener;
    chat_ = &chat;
  }

  /// SIGHUP: all of the configuration.
  void all();
  /// Now and then: the files that have changed, once they have stayed the same for a while. Whoever
  /// writes two of them need not say when he is done.
  void look();

 private:
  /// Files that go together, as the file system knew them.
  struct watched {
    std::vector<std::string> files;
    std::string used, seen;
    void note() { used = seen = signature(); }
    std::string signature() const;
    bool has_settled();
  };
  bool take_certificate();
  void take_keys(const config& from);

  config& now_;
  read_config read_;
  transport::listener* listener_ = nullptr;
  chat* chat_ = nullptr;
  watched certificate_, keys_;
};

}  // namespace confab::server
