#include "api/answers.hpp"
#include "api/handlers.hpp"
#include "protocol/whole_number.hpp"

#include <algorithm>
#include <limits>
#include <mutex>
#include <utility>

namespace confab::api::handlers {
namespace {

using std::chrono::milliseconds;
using steady = std::chrono::steady_clock::time_point;

/// Pages of the journal that are looked through at once for what the key may see.
constexpr int pages_max = 8;
constexpr std::size_t piece_bytes_max = 16 * 1024;
constexpr milliseconds wait_usual{30'000};
/// Who can't look now, for want of a place in the line or of rows to spend, tries again then.
constexpr milliseconds again_after{100};
/// A look at what has come is a read, however little there is: it costs what a call may.
constexpr double look_rows = 100;
constexpr auto never = std::numeric_limits<std::uint64_t>::max();  // a position
/// An empty line, by which who is gone is noticed.
constexpr milliseconds heartbeat{15'000};

bool may_look(service& api, std::string_view payer) {
  return api.chat().take(price::rows, payer, look_rows).count() == 0;
}

bool shows(const call& of, const journal::feed_item& item) {
  return !item.room.view().starts_with('@') && of.key->sees(item.room);
}

/// `next`: who reads lines goes on behind any of them.
std::string line_of(const service& api, const journal::feed_item& item) {
  writing out;
  out.put("pos", item.position);
  out.put("room", item.room);
  out.put_text("by", item.entry.by);
  out.member_event("entry", item.room, item.entry);
  out.put("next", std::string_view{api.cursor_of('f', std::to_string(item.position))});
  return out.done();
}

/// What of the journal is behind `position` and for this key, which moves behind what was looked
/// at; `rows` grows by how many that were. False: it can't be read.
bool read_some(const call& of, journal::reader& from, std::uint64_t& position, std::size_t limit,
               std::vector<journal::feed_item>& into, std::size_t& rows) {
  for (int i = 0; i < pages_max && into.empty(); ++i) {
    auto page = from.feed(position, limit, limits::page_bytes_max);
    if (!page) return false;
    if (page->empty()) return true;
    position = page->back().position;
    rows += page->size();
    for (auto& item : *page)
      if (shows(of, item)) into.push_back(std::move(item));
  }
  return true;
}

// --- one page ----------------------------------------------------------------------------------

struct polling : std::enable_shared_from_this<polling> {
  polling(service& with, call_ptr for_call, service::place held)
      : api(with), of(std::move(for_call)), in(std::move(held)) {}

  service& api;
  call_ptr of;
  service::place in;
  std::uint64_t position = 0;
  std::uint64_t told = 0;  // how far the journal was, marks included
  bool looked = false;     // once at the least
  steady until;

  milliseconds left() const {
    return std::chrono::duration_cast<milliseconds>(until - api.chat().steady_now());
  }
  void look() {
    api.chat().read(of->key->name, "", [to = of->to] { return !to->over(); },
                    [self = shared_from_this()](journal::reader* from) {
                      from ? self->read(*from) : self->come_again();
                    });
  }
  /// The first look is the call's own.
  void look_again() {
    may_look(api, of->key->name) ? look() : come_again();
  }
  /// Many polls of a key are woken together, by one entry: those that find no place fail only where there is
  /// no time left, and where they have seen nothing yet.
  void come_again() {
    if (const auto rest = left(); rest.count() > 0)
      return api.chat().wait_for_feed(never, std::min(rest, again_after), [self = shared_from_this()](std::uint64_t) {
        self->looked ? self->look_again() : self->look();
      });
    if (looked) return answer({});
    of->refuse(error_code::unavailable, "too many reads of this key wait");
  }
  void read(journal::reader& from) {
    std::vector<journal::feed_item> items;
    const auto before = position;
    std::size_t rows = 1;
    if (!read_some(*of, from, position, of->limit(), items, rows))
      return of->refuse(error_code::unavailable, "the journal can't be read now");
    looked = true;
    api.chat().charge(price::rows, of->key->name, static_cast<double>(rows));
    // What was looked at and is not for this key is told by the cursor alone.
    const auto rest = left();
    if (!items.empty() || rest.count() <= 0) return answer(items);
    if (position != before) return look_again();
    api.chat().wait_for_feed(std::max(position, told), rest,
                             [self = shared_from_this()](std::uint64_t moved) {
                               self->told = moved;
                               self->look_again();
                             });
  }
  void answer(const std::vector<journal::feed_item>& items) const {
    writing out;
    out.array("items", items, [&](const journal::feed_item& item) {
      out.object([&] {
        out.put("pos", item.position);
        out.put("room", item.room);
        out.put_text("by", item.entry.by);
        out.member_event("entry", item.room, item.entry);
      });
    });
    out.put("next", std::string_view{api.cursor_of('f', std::to_string(position))});
    of->answer(200, out.done());
  }
};

// --- lines without end -------------------------------------------------------------------------

/// One thing at a time is under way: a read, a wait for more, or a wait for the peer to read. It lives
/// until the stream is closed, which lets go of it.
struct streaming : std::enable_shared_from_this<streaming> {
  streaming(service& with, call_ptr for_call) : api(with), of(std::move(for_call)) {}
  ~streaming() { api.give_stream(of->key->name); }
  streaming(const streaming&) = delete;

  service& api;
  call_ptr of;
  std::uint64_t position = 0;
  std::uint64_t told = 0;  // how far the journal was, marks included
  bool lapsed = false;     // nothing moved during the last wait

  std::mutex border;
  std::shared_ptr<stream> out;  // guarded; null: closed, or not open yet
  std::string pending;      // guarded
  std::size_t written = 0;  // guarded: of `pending`
  bool blocked = false;     // guarded
  bool over = false;        // guarded

  void start() {
    response head;
    head.content_type = "application/x-ndjson";
    head.headers = {{"Request-Id", of->id}, {"Cache-Control", "no-store"}};
    auto opened = of->to->open(std::move(head), [self = shared_from_this()] { self->go_on(); },
                               [self = shared_from_this()] { self->close(); });
    if (!opened) return;
    {
      const std::lock_guard lock{border};
      if (!over) out = std::move(opened);
    }
    look();
  }
  void close() {
    std::shared_ptr<stream> gone;  // what holds this
    const std::lock_guard lock{border};
    over = true;
    gone = std::exchange(out, nullptr);
  }
  void go_on() {
    {
      const std::lock_guard lock{border};
      if (!std::exchange(blocked, false)) return;
    }
    push();
  }
  bool goes_on() {
    const std::lock_guard lock{border};
    return !over;
  }
  void look() {
    if (api.chat().wait(price::bytes, of->key->name, 0).count() > 0 || !may_look(api, of->key->name))
      return come_again();
    const auto wanted = [self = shared_from_this()] { return self->goes_on(); };
    api.chat().read(of->key->name, "", wanted, [self = shared_from_this()](journal::reader* from) {
      if (!from) return self->come_again();
      std::vector<journal::feed_item> items;
      std::size_t rows = 0;
      if (!read_some(*self->of, *from, self->position, limits::page_entries_max, items, rows))
        return self->wait();  // what is wrong may pass
      std::string lines;
      for (const auto& item : items) lines += line_of(self->api, item) + "\n";
      const auto& payer = self->of->key->name;
      self->api.chat().charge(price::rows, payer, static_cast<double>(rows));
      self->api.chat().charge(price::bytes, payer, static_cast<double>(lines.size()));
      self->give(std::move(lines), items.empty());
    });
  }
  void wait() {
    const auto after = std::max(position, told);
    api.chat().wait_for_feed(after, heartbeat, [self = shared_from_this(), after](std::uint64_t moved) {
      self->lapsed = moved == after;
      self->told = moved;
      if (self->goes_on()) self->look();
    });
  }
  void come_again() {
    api.chat().wait_for_feed(never, again_after, [self = shared_from_this()](std::uint64_t) {
      if (self->goes_on()) self->look();
    });
  }
  /// Where nothing came for long, an empty line.
  void give(std::string lines, bool idle) {
    {
      const std::lock_guard lock{border};
      pending = idle && lapsed ? "\n" : std::move(lines);
      written = 0;
    }
    if (!idle) return push();
    if (out_of_pieces()) wait();
  }
  void push() {
    if (out_of_pieces()) look();
  }
  /// Whether all was taken; else it goes on by itself, or is over.
  bool out_of_pieces() {
    const std::lock_guard lock{border};
    if (!out) return false;
    while (written < pending.size()) {
      const auto piece = std::string_view{pending}.substr(written, piece_bytes_max);
      const auto said = out->write(piece);
      if (said == push_result::overflow) {
        blocked = true;
        return false;
      }
      if (said != push_result::accepted) return false;
      written += piece.size();
    }
    return true;
  }
};

/// Where to begin; none: now.
std::variant<std::optional<std::uint64_t>, problem> start_of(service& api, const call& of) {
  using found = std::optional<std::uint64_t>;
  const auto* text = of.in_query("cursor");
  if (!text) return found{};
  if (*text == "0") return found{0};
  auto place = api.place_in(of, 'f');
  if (auto* why = std::get_if<problem>(&place)) return std::move(*why);
  if (const auto value = whole_number(std::get<std::string>(place))) return value;
  return bad_request("?cursor", "must be the next of an earlier page, or 0");
}

}  // namespace

void feed(service& api, of_call of) {
  auto start = start_of(api, *of);
  if (const auto* why = std::get_if<problem>(&start)) return of->refuse(*why);
  const auto from = std::get<std::optional<std::uint64_t>>(start);
  const auto accept = of->to->asked().header("accept").value_or("");
  const bool streams = accept.find("application/x-ndjson") != accept.npos;
  if (streams && !api.take_stream(of->key->name))
    return of->refuse(error_code::unavailable, "as many streams of this key are open as may be");
  std::function<void(std::uint64_t)> begin;
  if (streams) {
    const auto work = std::make_shared<streaming>(api, of);
    begin = [work](std::uint64_t position) {
      work->position = position;
      work->start();
    };
  } else {
    auto in = api.hold(*of);
    if (!in) return of->refuse(error_code::unavailable, "too much is under way: try again");
    const auto work = std::make_shared<polling>(api, of, std::move(in));
    work->until = api.chat().steady_now() +
                  milliseconds{of->number_in_query("wait_ms").value_or(wait_usual.count())};
    begin = [work](std::uint64_t position) {
      work->position = position;
      work->look();
    };
  }
  // Of a journal that was put back: who went on from there would miss what comes until then.
  api.chat().feed_position([of, from, begin](std::uint64_t head) {
    if (from && *from > head)
      return of->refuse(other_problem(410, "gone", "the journal has not come so far"));
    begin(from.value_or(head));
  });
}

}  // namespace confab::api::handlers
