#include "server/chat.hpp"
#include "server/config.hpp"
#include "server/log.hpp"
#include "server/runtime.hpp"

#include <sys/resource.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <optional>
#include <string>

using namespace confab;

namespace {

/// Every connection is an open file: take as many as the system lets us.
void raise_open_files() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

int serve(const server::config& how) {
  server::log::open({how.log_level, how.log_format});
  server::log::info("server-starting", server::settings(how));
  raise_open_files();

  // Ended in the other order: what the actors use outlives the threads they run on.
  std::optional<server::chat> chat;
  server::runtime runtime{how.shards};
  chat.emplace(runtime, how);
  try {
    runtime.listen(server::transport_options(how), chat->websockets(), chat->pages());
  } catch (...) {
    chat->end_actors();
    throw;
  }
  chat->set_ready(true);

  const bool tls = !how.tls_cert.empty();
  const auto host = how.host.find(':') == std::string::npos ? how.host : '[' + how.host + ']';
  const auto url = (tls ? "https://" : "http://") + host + ':' + std::to_string(runtime.listener().port());
  server::log::info("listening", "url={} shards={}", url, runtime.shards());

  runtime.run_until_signal({how.drain_wait, [&] { chat->set_ready(false); },
                            [&] { chat->end_actors(); }});
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char* argv[]) {
  std::signal(SIGPIPE, SIG_IGN);  // a peer that is gone is an error of the write, not the process
  const auto parsed = server::parse(argc, argv, [](const char* name) { return std::getenv(name); },
                                    std::cout, std::cerr);
  if (const auto* code = std::get_if<server::exit_code>(&parsed)) return code->value;
  if (const auto* token = std::get_if<server::token_command>(&parsed)) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return server::run(
        *token, unix_ms{std::chrono::duration_cast<std::chrono::milliseconds>(now).count()},
        std::cout, std::cerr);
  }
  try {
    return serve(std::get<server::config>(parsed));
  } catch (const std::exception& error) {
    server::log::error("server-failed", "detail={}", error.what());
    return EXIT_FAILURE;
  }
}
