#include "bench/swarm/crowd.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

namespace confab::bench {

using namespace std::chrono_literals;

namespace {

/// Words, so that compression has something like a text to work on; the stamp comes first.
std::string text_of(std::size_t bytes) {
  static constexpr std::array words{"the",   "room", "where", "people", "write", "again",  "about",
                                    "some",  "plan", "for",   "monday", "and",   "nobody", "knows",
                                    "which", "way",  "it",    "will",   "go",    "today"};
  std::string text{stamp::mark};
  text.append(2 * stamp::digits, 'a');
  for (std::uint32_t i = 1; text.size() < bytes; i = i * 1664525 + 1013904223)  // Numerical Recipes
    text.append(1, ' ').append(words[(i >> 16) % words.size()]);
  text.resize(std::max(bytes, stamp::size));
  return text;
}

/// Masked with zero, so that the payload stands in it as it is; a server still pays for unmasking.
std::string client_frame(opcode kind, std::string_view payload) {
  std::string out;
  websocket::append_frame(out, kind, payload, 0);
  return out;
}

}  // namespace

crowd::crowd(const plan& what, dialect how)
    : plan_(what),
      how_(std::move(how)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      born_(std::chrono::steady_clock::now()),
      rooms_(static_cast<std::size_t>(what.rooms + (what.quiet > 0 ? 1 : 0))),
      clients_(static_cast<std::size_t>(what.connections + what.quiet)),
      buffer_(256 * 1024) {
  if (plan_.tls) tls_ = make_tls_context();
  const auto text = text_of(plan_.text_bytes);
  for (std::size_t r = 0; r < rooms_.size(); ++r) {
    auto& frame = rooms_[r].frame;
    frame = client_frame(how_.kind, how_.publish("r" + std::to_string(r), text));
    rooms_[r].stamp = stamp::find_in(frame) + stamp::mark.size();
  }
  if (plan_.quiet > 0) rooms_.back().quiet = true;
  for (std::size_t i = 0; i < clients_.size(); ++i) {
    auto& c = clients_[i];
    const bool loud = i < static_cast<std::size_t>(plan_.connections);
    c.home = loud ? &rooms_[i % static_cast<std::size_t>(plan_.rooms)] : &rooms_.back();
    if (c.home->writer == nullptr) c.home->writer = &c, c.writer = true;
    c.deaf = loud && i >= static_cast<std::size_t>(plan_.connections - plan_.deaf);
    if (!c.deaf) ++c.home->hearing;
  }
}

crowd::~crowd() { close(epoll_); }

std::uint64_t crowd::now_us() const {
  return static_cast<std::uint64_t>((std::chrono::steady_clock::now() - born_) / 1us);
}

// --- connecting -------------------------------------------------------------------------------

void crowd::connect_all() {
  // A bounded number under way, so that the backlog of the listening socket suffices.
  constexpr std::size_t under_way_max = 64;
  for (std::size_t i = 0; i < clients_.size(); ++i) {
    connect_one(i);
    while (i + 1 - arrived_ >= under_way_max) step(10s);
  }
  while (arrived_ < clients_.size()) step(10s);
}

int crowd::number_of(const client& c) const {
  return plan_.first_user + static_cast<int>(&c - clients_.data());
}

std::string crowd::room_of(const client& c) const {
  return "r" + std::to_string(c.home - rooms_.data());
}

void crowd::connect_one(std::size_t i) {
  auto& c = clients_[i];
  c.socket = link{plan_.port, tls_.get(), c.deaf};
  watch(c, EPOLL_CTL_ADD);
  const auto host = "127.0.0.1:" + std::to_string(plan_.port);
  auto offered = how_.subprotocol;
  if (how_.offer_too) offered += ", " + how_.offer_too(number_of(c), room_of(c));
  if (!c.socket.write(websocket::upgrade_request({host, how_.path, offered, plan_.deflate})))
    end(c);
}

std::size_t crowd::take_upgrade(client& c, std::string_view bytes) {
  const auto answer = websocket::read_upgrade_answer(bytes, how_.subprotocol);
  if (answer.what == websocket::answer::incomplete) return 0;
  if (answer.what != websocket::answer::accepted)
    die("refused: " + std::string{bytes.substr(0, bytes.find("\r\n"))});
  if (plan_.deflate && !answer.deflate) die("the server does not compress");
  c.upgraded = true;
  greet(c, {});
  return answer.size;
}

void crowd::greet(client& c, std::string_view heard) {
  const auto lines = how_.greeting(number_of(c), room_of(c));
  while (c.line < lines.size()) {
    const auto& line = lines[c.line];
    if (!line.heard.empty() && heard.find(line.heard) == std::string_view::npos) return;
    ++c.line;
    heard = {};
    if (!line.say.empty() && !c.socket.write(client_frame(how_.kind, line.say))) end(c);
  }
  arrive(c);
}

void crowd::arrive(client& c) {
  c.arrived = true;
  ++arrived_;
  if (c.deaf) epoll_ctl(epoll_, EPOLL_CTL_DEL, c.socket.fd(), nullptr);
}

// --- sending ----------------------------------------------------------------------------------

void crowd::start() {
  sending_ = true;
  const auto now = static_cast<double>(now_us());
  const auto loud = static_cast<std::size_t>(plan_.rooms);
  if (plan_.rate > 0) {
    const double members = static_cast<double>(plan_.connections) / plan_.rooms;
    paces_.push_back({1e6 * members / plan_.rate, now, 0, loud});
  }
  if (plan_.quiet > 0) paces_.push_back({1e6 / plan_.quiet_rate, now, loud, 1});
  for (std::size_t r = 0; r < loud; ++r) {
    if (plan_.until_all) rooms_[r].awaited.resize(static_cast<std::size_t>(plan_.in_flight));
    for (int k = 0; k < plan_.in_flight; ++k) say(rooms_[r], now_us());
  }
}

std::chrono::microseconds crowd::keep_pace(std::chrono::microseconds at_most) {
  if (!sending_) return at_most;
  const auto now = now_us();
  for (auto& p : paces_) {
    for (; p.next_us <= static_cast<double>(now); p.next_us += p.interval_us) {
      const auto due = static_cast<std::uint64_t>(p.next_us);
      if (due >= measure_from_us_) lag_.record(now - due);
      say(rooms_[p.first + p.turn++ % p.rooms], due);
    }
    at_most = std::min(
        at_most,
        std::chrono::microseconds{static_cast<std::int64_t>(p.next_us - static_cast<double>(now))});
  }
  return at_most;
}

void crowd::say(room& where, std::uint64_t due_us) {
  if (where.writer->socket.fd() < 0) return;
  stamp{++where.said, static_cast<std::uint32_t>(due_us)}.write_to(where.frame.data() +
                                                                   where.stamp);
  if (!where.awaited.empty()) where.awaited[where.said % where.awaited.size()] = where.hearing;
  auto& writer = *where.writer;
  const bool waited = writer.socket.pending();
  if (!writer.socket.write(where.frame))
    end(writer);
  else if (!waited && writer.socket.pending())
    watch(writer, EPOLL_CTL_MOD);
}

// --- receiving --------------------------------------------------------------------------------

void crowd::watch(client& c, int operation) {
  epoll_event event{};
  event.events = EPOLLIN | (c.socket.pending() ? static_cast<std::uint32_t>(EPOLLOUT) : 0u);
  event.data.ptr = &c;
  epoll_ctl(epoll_, operation, c.socket.fd(), &event);
}

void crowd::step(std::chrono::microseconds wait) {
  const auto idle = keep_pace(wait);
  const timespec time{idle / 1s, (idle % 1s) / 1ns};
  std::array<epoll_event, 64> events;  // few, so that what is due is not said much later
  const int n = epoll_pwait2(epoll_, events.data(), events.size(), &time, nullptr);
  if (n == 0 && wait >= 10s) die("waited 10 s for the server");
  for (int i = 0; i < n; ++i)
    handle(*static_cast<client*>(events[static_cast<std::size_t>(i)].data.ptr));
}

void crowd::run_for(std::chrono::milliseconds time) {
  const auto end = now_us() + static_cast<std::uint64_t>(time / 1us);
  for (auto now = now_us(); now < end; now = now_us()) step(std::chrono::microseconds{end - now});
}

void crowd::measure() { measure_from_us_ = now_us(); }

std::uint64_t crowd::drain() {
  sending_ = false;
  std::uint64_t expected = 0;
  for (const auto& r : rooms_) expected += std::uint64_t{r.said} * r.hearing;
  const auto outstanding = [&] {
    return expected - std::min(expected, counts_.deliveries + counts_.lost);
  };
  const auto give_up = now_us() + 3'000'000;
  for (auto before = UINT64_MAX;
       outstanding() > 0 && outstanding() != before && now_us() < give_up;) {
    before = outstanding();
    for (int i = 0; i < 20 && outstanding() == before; ++i) run_for(50ms);
  }
  return outstanding();
}

int crowd::deaf_closed() {
  int closed = 0;
  // Little fits into these sockets, so the end of the stream comes only after many reads.
  for (const auto give_up = now_us() + 2'000'000; now_us() < give_up && closed < plan_.deaf;) {
    for (auto& c : clients_) {
      if (!c.deaf || c.socket.fd() < 0) continue;
      ssize_t n = 0;
      while ((n = c.socket.read(buffer_)) > 0) {
      }
      if (n != link::gone) continue;
      ++closed;
      c.socket = {};
    }
    run_for(1ms);
  }
  return closed;
}

void crowd::end(client& c) {
  if (!c.arrived) die("the server closed a connection that was not in its room yet");
  ++counts_.closed;
  c.socket = {};  // the moved-from link closes what it was given
}

void crowd::handle(client& c) {
  if (c.socket.pending()) {
    if (!c.socket.flush()) return end(c);
    if (!c.socket.pending()) watch(c, EPOLL_CTL_MOD);
  }
  // One read is enough, epoll tells about the rest; only TLS keeps some to itself.
  do {
    const auto n = c.socket.read(buffer_);
    if (n == link::would_block) return;
    if (n == link::gone) return end(c);
    ++counts_.receives;
    counts_.bytes += static_cast<std::uint64_t>(n);
    read_bytes(c, {buffer_.data(), static_cast<std::size_t>(n)}, now_us());
  } while (c.socket.encrypted());
}

void crowd::read_bytes(client& c, std::string_view bytes, std::uint64_t now) {
  const bool kept = !c.in.empty();
  if (kept) bytes = c.in.append(bytes);
  std::size_t at = c.upgraded ? 0 : take_upgrade(c, bytes);
  for (websocket::frame next; c.upgraded; at += next.size) {
    const auto how = websocket::first_frame(bytes.substr(at), next);
    if (how == websocket::parsed::broken) die("the server wrote a broken frame");
    if (how == websocket::parsed::incomplete) break;
    take(c, next, now);
  }
  std::string rest{bytes.substr(at)};
  if (kept || !rest.empty()) c.in = std::move(rest);
}

void crowd::take(client& c, const websocket::frame& what, std::uint64_t now) {
  if (what.kind == opcode::ping) {
    if (!c.socket.write(client_frame(opcode::pong, what.payload))) end(c);
    return;
  }
  if (what.kind == opcode::close) return;
  const auto payload = what.compressed ? c.home->inflated.inflate(what.payload) : what.payload;
  if (!c.arrived) return greet(c, payload);
  if (!how_.ping.empty() && payload == how_.ping) {
    if (!c.socket.write(client_frame(how_.kind, how_.pong))) end(c);
    return;
  }
  if (how_.stream)
    hear_stream(c, payload, now);
  else
    hear(c, payload, now);
}

void crowd::hear(client& c, std::string_view payload, std::uint64_t now) {
  for (auto at = stamp::find_in(payload); at != std::string_view::npos;
       at = stamp::find_in(payload, at + stamp::size)) {
    if (payload.size() - at < stamp::size) return;
    deliver(c, stamp::read_from(payload.data() + at + stamp::mark.size()), now);
  }
}

void crowd::hear_stream(client& c, std::string_view payload, std::uint64_t now) {
  if (!c.tail.empty()) payload = c.tail.append(payload);
  std::size_t from = 0, at = 0;
  while ((at = stamp::find_in(payload, from)) != std::string_view::npos &&
         payload.size() - at >= stamp::size) {
    deliver(c, stamp::read_from(payload.data() + at + stamp::mark.size()), now);
    from = at + stamp::size;
  }
  // A mark may begin in the last bytes.
  if (at == std::string_view::npos)
    at = std::max(from, payload.size() - std::min(payload.size(), stamp::mark.size() - 1));
  const auto partial = payload.find(stamp::mark.front(), at);
  std::string rest{partial == std::string_view::npos ? std::string_view{}
                                                     : payload.substr(partial)};
  if (!c.tail.empty() || !rest.empty()) c.tail = std::move(rest);
}

void crowd::deliver(client& c, stamp what, std::uint64_t now) {
  ++counts_.deliveries;
  if (what.number == c.last + 1) {
    c.last = what.number;
  } else if (what.number > c.last) {
    const auto gap = what.number - c.last - 1;
    c.missing += gap;
    counts_.lost += gap;
    c.last = what.number;
  } else if (what.number < c.last && c.missing > 0) {  // it comes late
    --c.missing;
    --counts_.lost;
    ++counts_.out_of_order;
  } else {
    ++counts_.duplicated;
    return;  // neither timed nor answered
  }
  if (what.due_us >= measure_from_us_)
    (c.home->quiet ? quiet_delay_ : delay_).record(now - what.due_us);
  if (plan_.in_flight > 0 && frees_slot(c, what.number) && sending_) say(*c.home, now_us());
}

bool crowd::frees_slot(const client& c, std::uint32_t number) {
  if (!plan_.until_all) return c.writer && !c.home->quiet;
  auto& awaited = c.home->awaited;
  return !awaited.empty() && --awaited[number % awaited.size()] == 0;
}

}  // namespace confab::bench
