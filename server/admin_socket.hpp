#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>

namespace confab::server {

/// A socket in the file system, by which who may open it (the server's user, and root) asks one thing
/// on each connection: words with a zero behind each, answered by text. The text's first line is `ok`,
/// or says what is wrong. One at a time, on a thread of its own.
class admin_socket {
 public:
  using desk = std::function<std::string(const std::vector<std::string>& words)>;

  /// Replaces a socket that is there, which a server that has crashed left. Throws std::runtime_error
  /// with a sentence.
  admin_socket(std::string path, desk answers);
  admin_socket(const admin_socket&) = delete;
  admin_socket& operator=(const admin_socket&) = delete;
  ~admin_socket();

 private:
  void serve();
  void answer(int client) const;

  const std::string path_;
  const desk answers_;
  int socket_ = -1;
  int stop_ = -1;  // an event
  std::thread thread_;
};

/// Asks the server whose socket is at `path`: its text behind `ok`, or why there is none.
struct told {
  std::string text;
};
std::variant<told, std::string> ask_server(const std::string& path,
                                           const std::vector<std::string>& words);

}  // namespace confab::server
