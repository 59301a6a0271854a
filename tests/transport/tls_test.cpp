#include "tests/transport/world.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <cstdio>
#include <filesystem>

using namespace confab;
using namespace confab::transport;
using namespace confab::transport::testing;

namespace {

/// A key and a certificate it has signed itself, as files.
struct self_signed {
  explicit self_signed(long seconds = 3600) {
    char pattern[] = "/tmp/confab-tls-XXXXXX";
    folder = ::mkdtemp(pattern);
    auto* pair = EVP_EC_gen("P-256");
    auto* certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), seconds);
    X509_set_pubkey(certificate, pair);
    auto* who = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(who, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
    X509_set_issuer_name(certificate, who);
    X509_sign(certificate, pair, EVP_sha256());
    if (auto* file = std::fopen((folder / "cert.pem").c_str(), "w")) {
      PEM_write_X509(file, certificate);
      std::fclose(file);
    }
    if (auto* file = std::fopen((folder / "key.pem").c_str(), "w")) {
      PEM_write_PrivateKey(file, pair, nullptr, nullptr, 0, nullptr, nullptr);
      std::fclose(file);
    }
    X509_free(certificate);
    EVP_PKEY_free(pair);
    context = SSL_CTX_new(TLS_client_method());
  }
  ~self_signed() {
    SSL_CTX_free(context);
    std::filesystem::remove_all(folder);
  }
  options how() const {
    options out;
    out.tls_cert = folder / "cert.pem";
    out.tls_key = folder / "key.pem";
    return out;
  }

  std::filesystem::path folder;
  SSL_CTX* context = nullptr;
};

}  // namespace

TEST_CASE("pages and WebSockets come over TLS as they do without") {
  const self_signed tls;
  bool secure = false;
  http_route page;
  page.path = "/";
  page.respond = [&](const http_request& request) {
    secure = request.secure;
    http_response out;
    out.body = "hello";
    return out;
  };
  world w(tls.how(), {}, {page});
  w.book->on_message = [&](frame_kind kind, std::string_view payload) {
    REQUIRE(w.book->sink->push(make_frame(kind, payload)) == push_result::accepted);
    return session_port::flow::more;
  };
  client c(w, w.port(), tls.context);
  REQUIRE(c.handshake());

  REQUIRE(c.get("/").body == "hello");
  REQUIRE(secure);
  REQUIRE(c.upgrade().status == 101);
  for (const std::size_t size : {5, 20'000, 65'536}) {
    c.send(text_frame(std::string(size, 'x')));
    REQUIRE(c.read_data().payload.size() == size);
  }
  w.book->sink->close(close_code::normal, "done");
  REQUIRE(c.read_data().code() == 1000);
  c.send(close_frame(1000));
  REQUIRE(w.until([&] { return c.ended && w.book->destroyed == 1; }));
}

TEST_CASE("a slow reader over TLS gets everything, or 4000") {
  const self_signed tls;
  auto how = tls.how();
  how.outbox_bytes = 256 * 1024;
  world w(how);
  client c(w, w.port(), tls.context, 4096);
  REQUIRE(c.handshake());
  REQUIRE(c.upgrade().status == 101);
  REQUIRE(w.until([&] { return w.book->sink != nullptr; }));
  c.reading = false;

  auto result = push_result::accepted;
  for (int i = 0; result == push_result::accepted && i < 10'000; ++i) {
    result = w.book->sink->push(
        make_frame(frame_kind::text, std::to_string(i) + ":" + std::string(10'000, '.')));
    w.turn();
  }
  REQUIRE(result == push_result::overflow);
  c.reading = true;
  for (int next = 0;; ++next) {
    const auto frame = c.read_data();
    if (frame.opcode == 8) {
      REQUIRE(frame.code() == 4000);
      break;
    }
    REQUIRE(frame.payload.starts_with(std::to_string(next) + ":"));
  }
}

TEST_CASE("who does not finish the TLS handshake in time is dropped") {
  const self_signed tls;
  auto how = tls.how();
  how.handshake_wait = 50ms;
  world w(how);
  client silent(w, w.port());
  client half(w, w.port());
  half.send("\x16\x03\x01");

  REQUIRE(w.until([&] { return silent.ended && half.ended; }));
  REQUIRE(w.until([&] { return w.server->count().connections_open == 0; }));
}

TEST_CASE("plain HTTP on a TLS port ends, and the port goes on serving") {
  const self_signed tls;
  world w(tls.how());
  client plain(w, w.port());
  plain.send("GET / HTTP/1.1\r\n\r\n");
  REQUIRE(w.until([&] { return plain.ended; }));

  client c(w, w.port(), tls.context);
  REQUIRE(c.handshake());
  REQUIRE(c.get("/").status == 404);
}

TEST_CASE("a certificate without key, or files that are none, are an error at the start") {
  const self_signed tls;
  const auto why = [](const options& how) -> std::string {
    boost::asio::io_context io;
    try {
      listen(how, {}, {}, {&io});
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "";
  };
  const auto says = [&](const options& how, std::string_view what) {
    INFO(why(how));
    CHECK(why(how).find(what) != std::string::npos);
  };
  options how;
  how.port = 0;
  how.tls_cert = tls.how().tls_cert;
  says(how, "a TLS certificate needs a key");
  how.tls_key = how.tls_cert;
  says(how, "cert.pem has no private key in PEM");
  how.tls_key = tls.folder / "none.pem";
  says(how, "none.pem cannot be read: No such file");
  const self_signed other;
  how.tls_key = other.how().tls_key;
  says(how, "key.pem is not that of the certificate in");
  how.tls_cert = how.tls_key;
  says(how, "key.pem has no certificate in PEM");
}

TEST_CASE("a renewed certificate is taken, and one that has expired is not") {
  const self_signed tls, renewed{7200}, expired{-30};
  world w(tls.how());
  const auto before = w.server->count().certificate_expires_at;
  const auto put = [&](const self_signed& from) {
    for (const auto* name : {"cert.pem", "key.pem"})
      std::filesystem::copy_file(from.folder / name, tls.folder / name,
                                 std::filesystem::copy_options::overwrite_existing);
    return w.server->reload_tls();
  };

  CHECK(put(expired).value_or("").find("cert.pem has expired") != std::string::npos);
  CHECK_FALSE(put(renewed));

  // An hour longer; both were made a moment ago.
  CHECK(w.until([&] { return w.server->count().certificate_expires_at > before + 3500; }));
  CHECK(w.server->count().certificate_expires_at < before + 3700);
  client c(w, w.port(), tls.context);
  CHECK(c.handshake());
}
