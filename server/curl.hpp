#pragma once

#include <curl/curl.h>

#include <cstdlib>

namespace confab::server {

/// Before anything else of libcurl, on whatever thread.
inline void use_curl() {
  [[maybe_unused]] static const auto once = curl_global_init(CURL_GLOBAL_DEFAULT);
}

/// What is the same of all that this server fetches or sends.
inline void set_manners(CURL* curl) {
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "confab/" CONFAB_VERSION);
  // As OpenSSL's own programs: whose certificates are trusted, where that is not the system's.
  if (const auto* file = std::getenv("SSL_CERT_FILE")) curl_easy_setopt(curl, CURLOPT_CAINFO, file);
}

}  // namespace confab::server
