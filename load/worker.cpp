#include "load/worker.hpp"

#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace confab::load {
namespace {

constexpr std::int64_t second_us = 1'000'000;
constexpr std::int64_t slow_every_us = 100'000;
constexpr std::int64_t report_every_us = 20'000;
constexpr int slow_receive_bytes = 4096;  // so that the kernel does not read for them

double thread_cpu_s() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// To the microsecond where the kernel can (Linux 5.11), else to the next millisecond.
int wait_for(int epoll, epoll_event* events, int count, std::int64_t wait_us) {
  static std::atomic<bool> is_precise{true};
  if (is_precise) {
    const timespec wait{wait_us / second_us, wait_us % second_us * 1000};
    const int n = epoll_pwait2(epoll, events, count, &wait, nullptr);
    if (n >= 0 || errno != ENOSYS) return n;
    is_precise = false;
  }
  return epoll_wait(epoll, events, count, static_cast<int>((wait_us + 999) / 1000));
}

}  // namespace

worker::worker(const load_plan& plan, const wire_plan& wires, run_state& state,
               std::uint32_t thread, std::chrono::steady_clock::time_point start)
    : plan_{plan},
      wires_{wires},
      state_{state},
      thread_{thread},
      start_{start},
      epoll_{epoll_create1(EPOLL_CLOEXEC)},
      history_{wires.history_fd < 0 ? nullptr : std::make_unique<history_log>(wires.history_fd)},
      crowd_{std::make_unique<load::crowd>(plan, thread, *this, history_.get())},
      context_{new channel_context{*this, wires.server, wires.tls, plan.format, wires.may_compress,
                                   crowd_->tally().counters}},
      channels_(crowd_->sessions()),
      watched_(crowd_->sessions()) {
  if (epoll_ < 0) throw std::system_error{errno, std::generic_category(), "epoll_create1"};
}

worker::~worker() { ::close(epoll_); }

std::int64_t worker::now_us() const {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() -
                                                               start_)
      .count();
}

void worker::run() {
  while (!state_.is_over) {
    // A bounded number, so that what has arrived is not left lying for what is due.
    for (int i = 0; i < 256; ++i) {
      const auto now = now_us();
      const auto due = timers_.next_due();
      if (!due || *due > now) break;
      lag_max_us_ = std::max(lag_max_us_, static_cast<std::uint64_t>(now - *due));
      crowd_->woken(*timers_.take(now), now);
    }
    poll();
    follow_director();
  }
  const auto now = now_us();
  crowd_->finish(shared_heads(), now);
  crowd_->take_second();
  for (auto& each : channels_) {
    each.send(*context_, websocket::opcode::close, websocket::write_close(1000));
    each.drop();
  }
  if (history_) history_->flush();
}

void worker::poll() {
  const auto now = now_us();
  auto until = std::min(next_second_us_, next_report_us_ > 0 ? next_report_us_ : next_second_us_);
  until = std::min(until, timers_.next_due().value_or(until));
  if (!slow_.empty()) until = std::min(until, next_slow_us_);
  // The director is heard at least this often.
  const auto wait_us = std::clamp<std::int64_t>(until - now, 0, 20'000);

  std::array<epoll_event, 256> events;
  const int count = wait_for(epoll_, events.data(), static_cast<int>(events.size()), wait_us);
  for (int i = 0; i < count; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    const auto number = static_cast<std::uint32_t>(event.data.u64);
    auto& one = channels_[number];
    // Another event of this round may have ended it, and begun another on the same number.
    if (!one.is_alive() || static_cast<std::uint32_t>(one.fd()) != event.data.u64 >> 32) continue;
    one.proceed(*context_, (event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0,
                (event.events & EPOLLOUT) != 0);
    watch(number);
  }
}

/// Tells epoll what the channel waits for.
void worker::watch(std::uint32_t session) {
  const auto& one = channels_[session];
  auto& known = watched_[session];
  if (!one.is_alive()) {
    known = {};
    return;
  }
  const bool reads = is_stopped_ || !one.is_open() || !crowd_->is_slow(session);
  const std::uint32_t wanted = (reads ? EPOLLIN : 0u) | (one.wants_write() ? EPOLLOUT : 0u);
  if (known.fd == one.fd() && known.events == wanted) return;
  epoll_event event{};
  event.events = wanted;
  event.data.u64 = static_cast<std::uint64_t>(one.fd()) << 32 | session;
  epoll_ctl(epoll_, known.fd == one.fd() ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, one.fd(), &event);
  known = {one.fd(), wanted};
}

void worker::connect(std::uint32_t session) {
  const auto number = static_cast<std::uint64_t>(session) * plan_.threads + thread_;
  watched_[session] = {};
  const auto error =
      channels_[session].start(*context_, wires_.address, source_for(wires_.address, number),
                               crowd_->is_slow(session) ? slow_receive_bytes : 0);
  if (error.empty()) return watch(session);
  // The crowd is still about to connect: it is told as if it had come from outside.
  crowd_->closed(session, 1006, error, now_us());
}

void worker::write(std::uint32_t session, websocket::opcode kind, std::string_view payload) {
  channels_[session].send(*context_, kind, payload);
  watch(session);
}

void worker::drop(std::uint32_t session) {
  channels_[session].drop();
  watched_[session] = {};
}

void worker::opened(channel& which) {
  const auto number = number_of(which);
  if (crowd_->is_slow(number) && std::ranges::find(slow_, number) == slow_.end())
    slow_.push_back(number);
  crowd_->opened(number, now_us());
}

void worker::received(channel& which, websocket::opcode kind, std::string_view payload) {
  crowd_->received(number_of(which), kind, payload, now_us());
}

void worker::ended(channel& which, std::uint16_t code, std::string_view reason) {
  const auto number = number_of(which);
  watched_[number] = {};
  crowd_->closed(number, code, reason, now_us());
}

void worker::read_slowly() {
  const auto bytes =
      std::max<std::uint64_t>(1, plan_.scenario.slow_bytes_per_s * slow_every_us / second_us);
  for (const auto number : slow_)
    if (channels_[number].is_open()) {
      channels_[number].proceed(*context_, true, false, bytes);
      watch(number);
    }
}

std::vector<std::uint64_t> worker::shared_heads() {
  std::vector<std::uint64_t> out(state_.heads.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    auto& shared = state_.heads[i];
    const auto own = is_settled_ ? 0 : crowd_->checker().rooms()[i].head;
    auto known = shared.load();
    while (known < own && !shared.compare_exchange_weak(known, own)) {
    }
    out[i] = std::max(known, own);
  }
  return out;
}

void worker::follow_director() {
  const auto now = now_us();
  if (!slow_.empty() && now >= next_slow_us_) {
    next_slow_us_ = now + slow_every_us;
    read_slowly();
  }
  for (; storms_seen_ < state_.storms; ++storms_seen_) crowd_->storm(now);
  if (!is_stopped_ && now >= state_.stop_sending_at_us) {
    is_stopped_ = true;
    slow_.clear();
    crowd_->stop_sending(now);
    for (std::uint32_t i = 0; i < channels_.size(); ++i) watch(i);
  }
  if (now >= next_report_us_) {
    next_report_us_ = now + report_every_us;
    state_.arrived[thread_] = crowd_->arrived();
    state_.online[thread_] = crowd_->online();
    if (is_stopped_) {
      const auto heads = shared_heads();
      is_settled_ = is_settled_ || crowd_->is_settled();
      state_.quiet[thread_] = crowd_->is_quiet(heads);
    }
  }
  while (now >= next_second_us_) publish_second();
}

void worker::publish_second() {
  thread_second out;
  const auto& tally = crowd_->tally();
  const auto& counts = tally.counters;
  const auto& last = last_counts_;
  auto& row = out.counts;
  row.t_s = next_second_us_ / second_us - 1;
  row.users_online = crowd_->online();
  row.connects = counts.connects - last.connects;
  row.sends = counts.sends - last.sends;
  row.acks = counts.acks - last.acks;
  row.deliveries = counts.deliveries - last.deliveries;
  row.bytes_in = counts.bytes_in - last.bytes_in;
  row.bytes_out = counts.bytes_out - last.bytes_out;
  out.errors = tally.errors_total();
  out.closes = tally.closes_total();
  out.violations = violations(tally.checks);
  row.errors = out.errors - std::exchange(last_errors_, out.errors);
  row.schedule_lag_max_us = std::exchange(lag_max_us_, 0);
  out.deliveries = crowd_->take_second();
  const auto cpu_s = thread_cpu_s();
  row.own_cpu_cores = cpu_s - std::exchange(last_cpu_s_, cpu_s);
  last_counts_ = counts;
  next_second_us_ += second_us;
  const std::lock_guard lock{state_.mutex};
  state_.seconds[thread_].push_back(std::move(out));
}

}  // namespace confab::load
