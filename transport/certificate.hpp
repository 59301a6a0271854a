#pragma once

#include <boost/asio/ssl/context.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <variant>

/// Private to transport: a certificate with its key, ready to be shown to clients.
namespace confab::transport {

struct shown_certificate {
  boost::asio::ssl::context context{boost::asio::ssl::context::tls_server};
  std::int64_t expires_at = 0;  // seconds of the Unix epoch
  bool expired = false;
};

/// From files in PEM. The error is a sentence that names the file at fault.
std::variant<std::shared_ptr<shown_certificate>, std::string> load_certificate(
    const std::string& certificate_file, const std::string& key_file);

}  // namespace confab::transport
