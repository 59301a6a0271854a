#pragma once

#include "api/service.hpp"
#include "server/api_prices.hpp"
#include "transport/address.hpp"

#include <algorithm>
#include <deque>

/// A chat that does what a test says, and HTTP as a value.
namespace confab::test {

class fake_backend final : public api::backend {
 public:
  std::vector<rooms::operation> asked;
  std::deque<std::function<void(std::vector<rooms::brief>)>> waiting;
  std::chrono::steady_clock::time_point clock{std::chrono::hours{1}};
  unix_ms time{1'763'790'000'123};
  std::uint64_t drawn = 0;
  std::optional<actors::payers> payers;
  std::size_t held = 0, held_max = limits::bytes_in_flight_of_all_max;

  fake_backend() { has_prices(1'000, 2'000); }
  void submit(std::vector<rooms::operation> what,
              std::function<void(std::vector<rooms::brief>)> then) override {
    for (auto& one : what) asked.push_back(std::move(one));
    waiting.push_back(std::move(then));
  }
  /// Answers the oldest that waits.
  void settle(std::vector<rooms::brief> outcomes) {
    auto then = std::move(waiting.front());
    waiting.pop_front();
    then(std::move(outcomes));
  }
  void open_direct(const user_id&, const user_id&, std::function<void(bool)> then) override {
    then(true);
  }
  void read(std::string_view, std::string_view, std::function<bool()> wanted,
            std::function<void(journal::reader*)> job) override {
    still_wanted = std::move(wanted);
    if (holds_reads)
      reads.push_back(std::move(job));
    else if (still_wanted())
      job(nullptr);
  }
  bool holds_reads = false;
  std::deque<std::function<void(journal::reader*)>> reads;
  /// Answers the oldest read that waits; null: it found no place in the line.
  void serve(journal::reader* from) {
    auto job = std::move(reads.front());
    reads.pop_front();
    job(from);
  }
  std::function<bool()> still_wanted;  // of the last read
  void search(std::string_view, command::search what, std::function<bool(const room_id&)> sees,
              std::function<bool()>,
              std::function<void(std::optional<api::search_done>)> then) override {
    searched = std::move(what);
    searched_in = std::move(sees);
    then(finds);
  }
  bool has_search() const override { return finds.has_value() || can_search; }
  command::search searched;  // last, and in which rooms
  std::function<bool(const room_id&)> searched_in;
  std::optional<api::search_done> finds;  // none: not now
  bool can_search = false;
  void who_is_in(const room_id&,
                 std::function<void(std::size_t, std::vector<user_id>)> then) override {
    then(0, {});
  }
  void sessions_of(const user_id&, std::function<void(std::vector<api::open_session>)> then) override {
    then({});
  }
  void signal(const user_id&, const user_id&, const free_data&,
              std::function<void(std::size_t)> then) override {
    then(0);
  }
  void close_session(session_id, close_code, std::string) override {}
  void erase(const user_id& user, std::function<void(api::erasure)> then) override {
    erased.push_back(user);
    then({true, true, user_id::trusted("gone:" + user.value())});
  }
  void is_erasing(const user_id&, std::function<void(std::optional<bool>)> then) override {
    then(is_busy);
  }
  std::vector<user_id> erased;
  std::optional<bool> is_busy = true;
  void forget_room(const room_id& room, seq_no head, std::function<void(bool)> then) override {
    then(forgets(room, head));
  }
  std::function<bool(const room_id&, seq_no)> forgets = [](const room_id&, seq_no) { return true; };
  rooms::bar bar_of(const user_id& user) const override {
    const auto at = bars.find(user);
    return at == bars.end() ? rooms::bar{} : at->second;
  }
  void set_bar(const user_id& user, const rooms::bar& how) override { bars[user] = how; }
  std::map<user_id, rooms::bar> bars;
  void close_barred(session_id, close_code, std::string) override {}
  void feed_position(std::function<void(std::uint64_t)> then) override { then(0); }
  void wait_for_feed(std::uint64_t, std::chrono::milliseconds how_long,
                     std::function<void(std::uint64_t)> then) override {
    feed_waits.emplace_back(how_long, std::move(then));
  }
  std::deque<std::pair<std::chrono::milliseconds, std::function<void(std::uint64_t)>>> feed_waits;
  void wake(std::uint64_t position) {
    auto then = std::move(feed_waits.front().second);
    feed_waits.pop_front();
    then(position);
  }
  std::optional<std::variant<std::string, std::string>> make_token(
      const api::token_wanted&) override {
    return std::nullopt;
  }
  std::optional<user_id> admin_of(std::string_view token) override {
    if (token == "admins-token") return user_id::trusted("ada");
    return std::nullopt;
  }
  std::chrono::nanoseconds wait(api::price what, std::string_view payer, double amount) override {
    return payers->wait(payers->key_of(payer), server::price_of(what), amount, clock);
  }
  std::chrono::nanoseconds take(api::price what, std::string_view payer, double amount) override {
    return payers->take(payers->key_of(payer), server::price_of(what), amount, clock);
  }
  void charge(api::price what, std::string_view payer, double amount) override {
    payers->charge(payers->key_of(payer), server::price_of(what), amount, clock);
  }
  std::vector<std::string> refused_keys;
  void key_refused(std::string_view why, std::string_view peer, std::string_view key) override {
    refused_keys.push_back(std::string{why}.append(" ").append(peer).append(" ").append(key));
  }
  void has_prices(unsigned calls_per_second, unsigned calls_burst) {
    payers.emplace(server::api_tariffs(calls_per_second, calls_burst), std::array<std::uint64_t, 2>{1, 2});
  }
  bool hold(std::size_t bytes) override {
    if (held + bytes > held_max) return false;
    held += bytes;
    return true;
  }
  void let_go(std::size_t bytes) override { held -= bytes; }
  bool is_in(std::string_view net, std::string_view address) const override {
    return address.starts_with(net);
  }
  api::server_numbers numbers() const override { return {}; }
  void drain(std::optional<std::chrono::milliseconds> over) override { drained = over; }
  std::optional<std::chrono::milliseconds> drained;
  std::string_view node() const override { return "n1"; }
  std::string_view durability() const override { return "disk"; }
  std::size_t text_bytes_max() const override { return limits::text_bytes_max; }
  std::string_view log_name() const override { return "logname1"; }
  epoch_id fresh_epoch() override { return epoch_id{"k3v9"}; }
  unix_ms now() const override { return time; }
  std::chrono::steady_clock::time_point steady_now() const override { return clock; }
  std::uint64_t random() override { return ++drawn; }
};

/// What became of a call; `exchange` writes it.
struct heard {
  std::optional<api::response> answer;
  bool streamed = false;
  bool gone = false;  // the caller is
};

class fake_exchange final : public api::exchange, public api::request_view {
 public:
  std::string said_method = "GET", said_path, said_query, said_body, said_peer = "192.0.2.7";
  std::vector<std::pair<std::string, std::string>> headers;
  bool is_confidential = true;
  std::shared_ptr<heard> into = std::make_shared<heard>();

  std::string_view method() const override { return said_method; }
  std::string_view path() const override { return said_path; }
  std::string_view query() const override { return said_query; }
  std::optional<std::string_view> header(std::string_view name) const override {
    for (const auto& [known, value] : headers)
      if (known == name) return value;
    return std::nullopt;
  }
  std::size_t count(std::string_view name) const override {
    return static_cast<std::size_t>(
        std::ranges::count(headers, name, &std::pair<std::string, std::string>::first));
  }
  std::string_view peer() const override { return said_peer; }
  std::string counted_as() const override { return transport::counted_as(said_peer, {}); }
  bool confidential() const override { return is_confidential; }
  std::string_view body() const override { return said_body; }

  const api::request_view& asked() const override { return *this; }
  void answer(api::response what) override { into->answer = std::move(what); }
  bool over() const noexcept override { return into->answer.has_value() || into->gone; }
  std::shared_ptr<api::stream> open(api::response, std::function<void()>,
                                    std::function<void()>) override {
    into->streamed = true;
    return std::make_shared<endless>();
  }

 private:
  struct endless final : api::stream {
    push_result write(std::string_view) override { return push_result::accepted; }
    void end() override {}
  };
};

/// A service that one key may call, and what it answers.
struct api_world {
  fake_backend chat;
  std::string key;
  std::unique_ptr<api::service> service;

  explicit api_world(std::string_view scopes = "*", std::string_view more = "") {
    auto made = api::make_key("shop", scopes, {7});
    key = made.key;
    auto ring = api::key_ring::read(made.line + " " + std::string{more}, [](auto) { return true; });
    service = std::make_unique<api::service>(chat, std::get<api::key_ring>(std::move(ring)),
                                             api::service_options{});
  }

  /// What waits ends before the service, as the server's actors do.
  ~api_world() {
    chat.waiting.clear();
    chat.reads.clear();
    chat.feed_waits.clear();
  }

  std::shared_ptr<heard> call(std::string method, std::string path, std::string body = {},
                              std::string with_key = {}, std::string query = {}) {
    auto one = std::make_shared<fake_exchange>();
    one->said_method = std::move(method);
    one->said_path = std::move(path);
    one->said_query = std::move(query);
    one->said_body = std::move(body);
    one->headers.emplace_back("authorization", "Bearer " + (with_key.empty() ? key : with_key));
    const auto into = one->into;
    service->handle(std::move(one));
    return into;
  }
  /// Its status, and the code of what went wrong.
  static std::pair<unsigned, std::string> told(const heard& what) {
    if (!what.answer) return {0, ""};
    const auto body = json::parse(what.answer->body, nullptr, false);
    return {what.answer->status, body.is_object() ? body.value("code", "") : ""};
  }
};

}  // namespace confab::test
