#include "transport/certificate.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cerrno>
#include <ctime>
#include <fstream>
#include <system_error>

namespace confab::transport {
namespace {

using context = boost::asio::ssl::context;

std::string unreadable(const std::string& file) {
  errno = 0;
  std::ifstream in{file};
  in.peek();
  if (in) return "";
  return file + " cannot be read" +
         (errno ? ": " + std::generic_category().message(errno) : std::string{});
}

}  // namespace

std::variant<std::shared_ptr<shown_certificate>, std::string> load_certificate(
    const std::string& certificate_file, const std::string& key_file) {
  for (const auto* file : {&certificate_file, &key_file})
    if (auto why = unreadable(*file); !why.empty()) return why;
  auto made = std::make_shared<shown_certificate>();
  auto& tls = made->context;
  boost::system::error_code failed;
  tls.set_options(context::default_workarounds | context::no_sslv2 | context::no_sslv3 |
                  context::no_tlsv1 | context::no_tlsv1_1);
  // OpenSSL would ask the terminal.
  tls.set_password_callback([](auto, auto) { return std::string{}; });
  tls.use_certificate_chain_file(certificate_file, failed);
  if (failed) return certificate_file + " has no certificate in PEM";
  tls.use_private_key_file(key_file, context::pem, failed);
  if (failed) {
    const auto code = static_cast<unsigned long>(failed.value());
    ERR_clear_error();
    if (ERR_GET_LIB(code) == ERR_LIB_X509)
      return "the key in " + key_file + " is not that of the certificate in " + certificate_file;
    return key_file + " has no private key in PEM, or one with a passphrase";
  }
  const auto* end = X509_get0_notAfter(SSL_CTX_get0_certificate(tls.native_handle()));
  std::tm when{};
  if (ASN1_TIME_to_tm(end, &when) == 1) made->expires_at = ::timegm(&when);
  made->expired = X509_cmp_current_time(end) < 0;
  return made;
}

}  // namespace confab::transport
