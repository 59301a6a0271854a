#include "transport/listener.hpp"

#include "transport/accept_loop.hpp"
#include "transport/certificate.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <atomic>
#include <optional>
#include <random>
#include <system_error>
#include <utility>
#include <variant>

namespace confab::transport {

namespace {

class listener_impl final : public listener {
 public:
  listener_impl(std::shared_ptr<site> shared, const std::vector<net::io_context*>& shards)
      : shared_(std::move(shared)) {
    std::random_device seed;
    for (auto* io : shards)
      shards_.push_back(std::make_shared<reactor_core>(
          *io, shared_, static_cast<unsigned>(shards_.size()), seed()));
    accepting_ = std::make_shared<accept_loop>(shared_, shards_);
    net::post(shards_.front()->io(), [accepting = accepting_] { accepting->accept(); });
  }
  ~listener_impl() override { accepting_->close(); }

  std::uint16_t port() const noexcept override { return accepting_->port(); }
  std::string where() const override { return accepting_->where(); }
  reactor& shard(std::size_t index) noexcept override { return *shards_[index]; }

  counters count() const noexcept override {
    counters out;
    out.connections_open = shared_->admission->open_count();
    out.accepted = accepting_->count.accepted.get();
    out.certificate_expires_at = accepting_->count.certificate_expires_at.get();
    out.refused = accepting_->count.refused.get();
    for (const auto& each : shards_) {
      out.each_sum(each->count, [](std::uint64_t& sum, const meter& one) { sum += one.get(); });
      out.outbox_highest = std::max(out.outbox_highest, each->count.outbox_highest.get());
    }
    return out;
  }

  std::optional<std::string> reload_tls() override {
    if (shared_->how.tls_cert.empty()) return std::nullopt;
    auto loaded = load_certificate(shared_->how.tls_cert, shared_->how.tls_key);
    if (auto* why = std::get_if<std::string>(&loaded)) return std::move(*why);
    auto fresh = std::get<certificate_ptr>(std::move(loaded));
    if (fresh->expired) return "the certificate in " + shared_->how.tls_cert + " has expired";
    net::post(shards_.front()->io(),
              [accepting = accepting_, fresh = std::move(fresh)] { accepting->use(fresh); });
    return std::nullopt;
  }

  void spare_memory(bool is_short) override {
    shared_->admission->close(is_short);
    const auto waiting = shared_->outbound_bytes.load(std::memory_order_relaxed);
    shared_->outbound_spare = is_short ? std::max<std::size_t>(waiting / 2, 1) : 0;
    if (!is_short) return;
    for (const auto& each : shards_) net::post(each->io(), [each] { each->shed(); });
  }

  void drain() override {
    if (shared_->draining.exchange(true)) return;
    // It goes on accepting for plain HTTP: /readyz must be able to say that this server is going. A
    // socket that others keep is left to them.
    if (shared_->how.inherited >= 0)
      net::post(shards_.front()->io(), [accepting = accepting_] { accepting->close(); });
    for (const auto& each : shards_) net::post(each->io(), [each] { each->drain_all(); });
  }

  void abort() override {
    shared_->draining = true;
    shared_->aborted = true;
    net::post(shards_.front()->io(), [accepting = accepting_] { accepting->close(); });
    for (const auto& each : shards_) net::post(each->io(), [each] { each->abort_all(); });
  }

 private:
  std::shared_ptr<site> shared_;
  std::vector<std::shared_ptr<reactor_core>> shards_;
  std::shared_ptr<accept_loop> accepting_;
};

}  // namespace

std::unique_ptr<listener> listen(const options& how, std::vector<websocket_route> websockets,
                                 std::vector<http_route> pages,
                                 std::vector<net::io_context*> shards) {
  if (shards.empty())
    throw std::system_error(std::make_error_code(std::errc::invalid_argument), "no shards");
  auto shared = std::make_shared<site>();
  shared->how = how;
  shared->websockets = std::move(websockets);
  shared->pages = std::move(pages);
  shared->admission =
      std::make_shared<admission>(how.connections_max, how.connections_per_address);
  try {
    shared->shards = shards.size();
    return std::make_unique<listener_impl>(std::move(shared), shards);
  } catch (const boost::system::system_error& e) {
    throw std::system_error(std::error_code(e.code()),
                            "cannot listen on " + how.host + ":" + std::to_string(how.port));
  }
}

}  // namespace confab::transport
