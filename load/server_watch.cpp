#include "load/server_watch.hpp"

#include "load/wire.hpp"

#include <poll.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <optional>

namespace confab::load {
namespace {

std::optional<std::string> contents_of(const std::string& path) {
  std::ifstream file(path);
  if (!file) return std::nullopt;
  return std::string{std::istreambuf_iterator<char>(file), {}};
}

/// The number behind `name`, where that begins a line; nothing if none does.
std::optional<double> number_in(std::string_view lines, std::string_view name) {
  for (std::size_t at = 0; at < lines.size();) {
    const auto end = std::min(lines.find('\n', at), lines.size());
    auto line = lines.substr(at, end - at);
    at = end + 1;
    if (!line.starts_with(name)) continue;
    line.remove_prefix(name.size());
    while (line.starts_with(' ') || line.starts_with('\t')) line.remove_prefix(1);
    double value = 0;
    if (std::from_chars(line.data(), line.data() + line.size(), value).ec == std::errc{})
      return value;
  }
  return std::nullopt;
}

class process_watch final : public server_watch {
 public:
  explicit process_watch(pid_t process) : folder_{"/proc/" + std::to_string(process) + '/'} {}

  std::optional<server_reading> read() override {
    const auto stat = contents_of(folder_ + "stat");
    const auto after_name = stat ? stat->rfind(')') : std::string::npos;
    if (after_name == std::string::npos) return std::nullopt;
    unsigned long user = 0, system = 0;
    if (std::sscanf(stat->c_str() + after_name + 2,
                    "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
      return std::nullopt;
    const auto tick = static_cast<double>(sysconf(_SC_CLK_TCK));
    server_reading out{static_cast<double>(user) / tick, static_cast<double>(system) / tick};
    auto kib = number_in(contents_of(folder_ + "smaps_rollup").value_or(""), "Pss:");
    if (!kib) kib = number_in(contents_of(folder_ + "status").value_or(""), "VmRSS:");
    out.memory_bytes = static_cast<std::uint64_t>(kib.value_or(0) * 1024);
    return out;
  }

 private:
  std::string folder_;
};

/// The body of the answer to GET; empty: there was none within two seconds.
std::string http_get(const endpoint& server, const tls_context* tls) {
  constexpr int wait_ms = 2000;
  constexpr std::size_t bytes_max = 1 << 20;
  wire line;
  std::string error;
  if (server.addresses.empty() || !line.connect(server.addresses[0], {}, tls, server.host).empty())
    return {};
  const auto wait = [&](short events) {
    pollfd one{line.fd(), events, 0};
    return poll(&one, 1, wait_ms) > 0;
  };
  for (auto how = wire::progress::wants_write; how != wire::progress::done;) {
    if (!wait(how == wire::progress::wants_read ? POLLIN : POLLOUT)) return {};
    how = line.finish_connecting(error);
    if (how == wire::progress::failed) return {};
  }
  const auto request = "GET " + server.path + " HTTP/1.0\r\nHost: " + server.host_header +
                       "\r\nConnection: close\r\n\r\n";
  if (line.write(request) != static_cast<std::ptrdiff_t>(request.size())) return {};
  std::string answer(bytes_max, '\0');
  std::size_t size = 0;
  while (size < answer.size()) {
    if (!line.has_buffered() && !wait(POLLIN)) return {};
    const auto got = line.read({answer.data() + size, answer.size() - size}, error);
    if (got < 0) break;
    size += static_cast<std::size_t>(got);
  }
  answer.resize(size);
  const auto body = answer.find("\r\n\r\n");
  return body == std::string::npos ? std::string{} : answer.substr(body + 4);
}

class metrics_watch final : public server_watch {
 public:
  explicit metrics_watch(endpoint server) : server_{std::move(server)}, tls_{false} {}

  std::optional<server_reading> read() override {
    const auto text = http_get(server_, server_.is_tls ? &tls_ : nullptr);
    const auto cpu = number_in(text, "process_cpu_seconds_total ");
    const auto memory = number_in(text, "process_resident_memory_bytes ");
    if (!cpu || !memory) return std::nullopt;
    return server_reading{*cpu, 0, static_cast<std::uint64_t>(*memory)};
  }

 private:
  endpoint server_;
  tls_context tls_;
};

}  // namespace

std::variant<std::unique_ptr<server_watch>, std::string> watch_process(pid_t process) {
  std::unique_ptr<server_watch> out = std::make_unique<process_watch>(process);
  if (!out->read()) return "there is no process " + std::to_string(process);
  return out;
}

std::variant<std::unique_ptr<server_watch>, std::string> watch_metrics(const std::string& url) {
  const bool is_tls = url.starts_with("https://");
  if (!is_tls && !url.starts_with("http://"))
    return url + " is no address of metrics: it must begin with http:// or https://";
  const auto found = find_endpoint((is_tls ? "wss" : "ws") + url.substr(url.find(':')));
  if (const auto* wrong = std::get_if<std::string>(&found)) return *wrong;
  std::unique_ptr<server_watch> out = std::make_unique<metrics_watch>(std::get<endpoint>(found));
  if (!out->read())
    return "there is no process_cpu_seconds_total and process_resident_memory_bytes at " + url;
  return out;
}

}  // namespace confab::load
