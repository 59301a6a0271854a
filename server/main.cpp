#include "server/admin_socket.hpp"
#include "server/chat.hpp"
#include "server/config.hpp"
#include "server/desk.hpp"
#include "server/inherited_socket.hpp"
#include "server/log.hpp"
#include "server/reloading.hpp"
#include "server/runtime.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

using namespace confab;

namespace {

/// For the lines of the end to be written, where somebody reads them.
constexpr auto log_wait_max = std::chrono::seconds{1};

/// Who was started with a standard file closed would write its log into whatever it opens next.
void hold_standard_files() {
  for (const int file : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(file, F_GETFD) < 0)
      static_cast<void>(::open("/dev/null", O_RDWR));  // as the lowest
}

/// Every connection is an open file: take as many as the system lets us.
void raise_open_files() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

/// What is said of an exception that nobody has caught: by then the process can only end.
[[noreturn]] void crash() {
  server::log::error("server-crashed", "detail={}", actors::text_of(std::current_exception()));
  static_cast<void>(server::log::flush(log_wait_max));
  std::abort();
}

std::string url_of(const std::string& scheme, const std::string& host, std::uint16_t port) {
  const auto named = host.find(':') == std::string::npos ? host : '[' + host + ']';
  return scheme + "://" + named + ':' + std::to_string(port);
}

/// The server does without it where it cannot be.
std::unique_ptr<server::admin_socket> open_admin_socket(const std::string& path,
                                                        server::desk& desk, server::chat& chat) {
  if (path.empty()) return nullptr;
  try {
    return std::make_unique<server::admin_socket>(path, [&](const auto& words) {
      try {
        return desk.answer(words);
      } catch (const std::exception& error) {
        chat.note_bug("desk", error.what());
        throw;
      }
    });
  } catch (const std::runtime_error& error) {
    server::log::warn("admin-socket-failed", "detail={}", error.what());
    return nullptr;
  }
}

int serve(server::config how, server::reloading::read_config read) {
  server::log::open({how.log_level, how.log_format});
  std::set_terminate(crash);
  raise_open_files();

  server::reloading reloading{how, std::move(read)};
  const auto inherited =
      server::find_inherited_socket([](const char* name) { return std::getenv(name); });
  if (inherited) {
    how.host = inherited->host;
    how.port = inherited->port;
  }
  server::log::info("server-starting", server::settings(how));
  if (inherited)  // who may come in depends on who can reach it
    for (const auto& mistake : server::mistakes_in(how)) throw std::runtime_error(mistake);

  // Ended in the other order: what the actors use outlives the threads they run on.
  std::optional<server::chat> chat;
  server::runtime runtime{how.shards};
  chat.emplace(runtime, how, server::make_authenticator(how));
  std::string url;
  // Whoever watches over the server is answered while the journal is opened, which may take long.
  try {
    auto listening = server::transport_options(how);
    listening.on_incident = chat->on_incident();
    if (inherited) listening.inherited = inherited->descriptor;
    runtime.listen(listening, chat->websockets(), chat->pages());
    const bool tls = !how.tls_cert.empty();
    url = runtime.listener().where();
    if (!url.starts_with("unix:")) url.insert(0, tls ? "https://" : "http://");
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    if (tls && std::chrono::seconds{runtime.listener().count().certificate_expires_at} <= now)
      server::log::warn("certificate-expired", "tls_cert={}", how.tls_cert);
    if (!how.admin_listen.empty()) {
      const auto admin = server::admin_options(how);
      const auto port = runtime.listen_beside(admin, chat->admin_pages());
      server::log::info("admin-listening", "url={}", url_of("http", admin.host, port));
    }
    server::log::info("journal-opening", "url={}", url);
    chat->open(how, [&] { return runtime.end_asked(); });
  } catch (...) {
    chat->end_actors();
    if (runtime.end_asked()) {
      server::log::info("server-stopped", "while={}", "opening");
      return EXIT_SUCCESS;
    }
    throw;
  }
  server::desk desk{
      runtime.system(),
      chat->board(),
      {[&] { return chat->numbers(); }, [&] { return chat->trouble(); }, [&] { return chat->up(); },
       [&] { return chat->keeper(); }, [&] { return chat->eraser(); },
       [] { ::kill(::getpid(), SIGTERM); }, [&] { return chat->reader(); }}};
  auto admin_socket = open_admin_socket(how.admin_socket_path(), desk, *chat);
  chat->set_ready(true);
  server::log::info("listening", "url={} shards={}", url, runtime.shards());

  reloading.serve(runtime.listener(), *chat);
  runtime.run_until_signal({how.drain_wait, [&] { reloading.all(); }, [&] { reloading.look(), chat->look_at_memory(); },
                            [&] { chat->begin_drain(); },
                            [&] {
                              admin_socket.reset();  // it asks them
                              chat->end_actors();
                            }});
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char* argv[]) {
  hold_standard_files();
  ::umask(077);                   // what the server writes is its own
  std::signal(SIGHUP, SIG_IGN);   // until there is something to reload
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is a full disk, not the end
  std::signal(SIGPIPE, SIG_IGN);  // a peer that is gone is an error of the write, not the process
  const auto parsed = server::parse(
      argc, argv, [](const char* name) { return std::getenv(name); }, std::cout, std::cerr);
  if (const auto* code = std::get_if<server::exit_code>(&parsed)) return code->value;
  if (const auto* token = std::get_if<server::token_command>(&parsed)) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return server::run(*token,
                       unix_ms{std::chrono::duration_cast<std::chrono::milliseconds>(now).count()},
                       std::cout, std::cerr);
  }
  if (const auto* check = std::get_if<server::check_command>(&parsed))
    return server::run(*check, std::cout, std::cerr);
  if (const auto* backup = std::get_if<server::backup_command>(&parsed))
    return server::run(*backup, std::cout, std::cerr);
  if (const auto* lines = std::get_if<server::export_command>(&parsed))
    return server::run(*lines, std::cout, std::cerr);
  if (const auto* lines = std::get_if<server::import_command>(&parsed))
    return server::run(*lines, std::cout, std::cerr);
  if (const auto* tail = std::get_if<server::tail_command>(&parsed))
    return server::run(*tail, std::cout, std::cerr);
  if (const auto* ask = std::get_if<server::ask_command>(&parsed))
    return server::run(*ask, std::cout, std::cerr);
  if (const auto* key = std::get_if<server::api_key_command>(&parsed))
    return server::run(*key, std::cout, std::cerr);
  if (const auto* restore = std::get_if<server::restore_command>(&parsed))
    return server::run(*restore, std::cout, std::cerr);
  int code = EXIT_FAILURE;
  try {
    code =
        serve(std::get<server::config>(parsed), [&]() -> std::variant<server::config, std::string> {
          std::ostringstream out, mistakes;
          auto again = server::parse(
              argc, argv, [](const char* name) { return std::getenv(name); }, out, mistakes);
          if (auto* fresh = std::get_if<server::config>(&again)) return std::move(*fresh);
          return mistakes.str();
        });
  } catch (const std::exception& error) {
    server::log::error("server-failed", "detail={}", error.what());
  }
  static_cast<void>(server::log::flush(log_wait_max));
  return code;
}
