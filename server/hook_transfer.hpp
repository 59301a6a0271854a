#pragma once

#include "server/curl.hpp"
#include "transport/address.hpp"
#include "webhooks/engine.hpp"

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace confab::server {

/// Whether a receiver may be there. `in_clear`: without TLS.
bool may_send_to(const transport::address& there, bool in_clear,
                 const std::vector<transport::network>& nets);

/// One request of a hook under way: signed, without redirects and proxies, and only to where it may go.
struct hook_transfer {
  hook_transfer(webhooks::request what, const std::vector<transport::network>& allowed,
                std::size_t answer_kept)
      : asked(std::move(what)),
        nets(allowed),
        kept_max(answer_kept),
        curl(curl_easy_init(), &curl_easy_cleanup) {}

  webhooks::request asked;
  const std::vector<transport::network>& nets;
  const std::size_t kept_max;  // bytes of the answer
  webhooks::reply came;
  std::size_t answer_bytes = 0;
  bool cut_off = false;
  bool forbidden = false;  // an address of it
  std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers{nullptr,
                                                                      &curl_slist_free_all};
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl;
  char why[CURL_ERROR_SIZE] = "";

  /// False: there is no memory. `curl` may be added to a multi handle then.
  bool prepare();
  /// Fills in `came`, whatever it was.
  void finish(CURLcode code);
};

}  // namespace confab::server
