#include "server/api_routes.hpp"

#include "api/service.hpp"
#include "transport/address.hpp"

#include <memory>
#include <utility>

namespace confab::server {
namespace {

/// Longer than the feed waits for something new.
constexpr std::chrono::milliseconds answer_wait_max{45'000};

bool is_loopback_address(std::string_view text) {
  const auto one = transport::address::make(text);
  if (!one) return false;
  for (const auto& here : transport::loopback_networks())
    if (here.has(*one)) return true;
  return false;
}

/// A request as the routes see it; lives as long as what it looks at.
class view final : public api::request_view {
 public:
  view(const transport::http_request& of, std::size_t prefix_bytes)
      : of_(of), path_(std::string_view{of.path}.substr(prefix_bytes)) {}

  std::string_view method() const override { return of_.method; }
  std::string_view path() const override { return path_; }
  std::string_view query() const override { return of_.query; }
  std::optional<std::string_view> header(std::string_view name) const override {
    return of_.header(name);
  }
  std::size_t count(std::string_view name) const override { return of_.count(name); }
  std::string_view peer() const override { return of_.peer_address; }
  std::string counted_as() const override { return transport::counted_as(of_.peer_address, {}); }
  /// TLS; or a proxy says so; or it never left this machine.
  bool confidential() const override {
    if (of_.secure) return true;
    if (const auto proxied = of_.header("x-forwarded-proto")) return *proxied == "https";
    return is_loopback_address(of_.peer_address);
  }
  std::string_view body() const override { return of_.body; }

 private:
  const transport::http_request& of_;
  const std::string_view path_;
};

transport::http_response to_response(api::response&& from) {
  transport::http_response to;
  to.status = from.status;
  to.content_type = std::move(from.content_type);
  to.body = std::move(from.body);
  to.headers = std::move(from.headers);
  return to;
}

class outgoing final : public api::stream {
 public:
  explicit outgoing(std::shared_ptr<transport::response_stream> to) : to_(std::move(to)) {}
  push_result write(std::string_view bytes) override { return to_->write(bytes); }
  void end() override { to_->end(); }

 private:
  const std::shared_ptr<transport::response_stream> to_;
};

class http_call final : public api::exchange {
 public:
  http_call(std::shared_ptr<transport::http_exchange> to, std::size_t prefix_bytes)
      : to_(std::move(to)), view_(to_->request(), prefix_bytes) {}

  const api::request_view& asked() const override { return view_; }
  bool over() const noexcept override { return to_->over(); }
  void answer(api::response what) override { to_->answer(to_response(std::move(what))); }
  std::shared_ptr<api::stream> open(api::response head, std::function<void()> on_writable,
                                    std::function<void()> on_closed) override {
    auto opened = to_->open(to_response(std::move(head)),
                            {std::move(on_writable), std::move(on_closed)});
    return opened ? std::make_shared<outgoing>(std::move(opened)) : nullptr;
  }

 private:
  const std::shared_ptr<transport::http_exchange> to_;
  const view view_;
};

transport::http_response not_open_yet() {
  const auto why = api::problem_of(error_code::unavailable, "the server is starting");
  return to_response(api::response_of(why, "r-starting"));
}

}  // namespace

transport::http_route api_route(std::string base_path, std::function<api::service*()> service) {
  const auto prefix = base_path + std::string{api_path};
  const auto bytes = prefix.size();
  transport::http_route row;
  row.path = prefix + "/*";
  row.methods = "GET, HEAD, POST, PUT, PATCH, DELETE";
  row.answer_wait_max = answer_wait_max;
  row.body_bytes_max = api::body_bytes_max;
  row.refuse_early = [service, bytes](const transport::http_request& request)
      -> std::optional<transport::http_response> {
    auto* const open = service();
    if (!open) return not_open_yet();
    auto refusal = open->refuse_early(view{request, bytes});
    if (!refusal) return std::nullopt;
    return to_response(std::move(*refusal));
  };
  row.too_large = [service](const transport::http_request&) {
    auto* const open = service();
    return open ? to_response(open->too_large()) : not_open_yet();
  };
  row.respond_later = [service = std::move(service),
                       bytes](std::shared_ptr<transport::http_exchange> to) {
    auto* const open = service();
    if (!open) return to->answer(not_open_yet());
    open->handle(std::make_shared<http_call>(std::move(to), bytes));
  };
  return row;
}

}  // namespace confab::server
