// History does not change: operations that were recorded once come to the same entries, refusals,
// present forms and lists as then. A rule that changes this shows up as a difference of the record;
// where it is meant to, `CONFAB_RECORD=1 build/test/tests/journal_tests "[recorded]"` writes anew
// what comes of the recorded operations. Where a record is missing, new operations are drawn.

#include "protocol/codec.hpp"
#include "protocol/overloaded.hpp"
#include "tests/journal/mixed.hpp"
#include "tests/support/source_dir.hpp"

#include <fstream>
#include <functional>
#include <set>
#include <sstream>

using namespace confab;
using namespace confab::journal;
using namespace confab::journal::test;

namespace {

using texts = std::vector<std::string>;

// A line is an operation, its words separated by tabs: the clock, room, user, as what the user asks
// or `-`, the key or `-`, then what is wanted. What may be left out stands at its end, as
// `name=value`. The lines below it, which begin with "=", say what came of it.

constexpr std::size_t wanted_at = 5;

template <class List, class Text>
std::string joined(const List& list, Text text) {
  std::string all;
  for (const auto& one : list) all.append(all.empty() ? "" : ",").append(text(one));
  return all;
}
std::string joined(const std::vector<user_id>& users) {
  return joined(users, [](const user_id& one) { return one.value(); });
}
texts split(const std::string& text, char at) {
  texts all;
  std::istringstream parts{text};
  for (std::string word; std::getline(parts, word, at);) all.push_back(word);
  return all;
}
std::vector<user_id> users_of(const std::string& text) {
  std::vector<user_id> all;
  for (auto& one : split(text, ',')) all.push_back(user(std::move(one)));
  return all;
}
std::string on(bool is_on) { return is_on ? "on" : "off"; }
template <class Number>
std::string digits(Number of) {
  return std::to_string(of.value());
}

void add_option(texts& to, const std::string& name, const std::string& value) {
  if (!value.empty()) to.push_back(name + "=" + value);
}
void add_content(texts& to, const content& what) {
  add_option(to, "mentions", joined(what.mentions.users));
  add_option(to, "everyone", what.mentions.room ? "on" : "");
  add_option(to, "attachments", what.attachments ? what.attachments->value() : "");
  add_option(to, "data", what.data ? what.data->value() : "");
}

std::string words_of(const rooms::principal& by) {
  texts all;
  if (by.as == rooms::principal::kind::server) all = {"server"};
  if (by.as == rooms::principal::kind::api_key) all = {"api"};
  if (by.admin && !by.is_unchecked()) all.push_back("admin");
  if (by.token == role::moderator) all.push_back("moderator");
  return all.empty() ? "-" : joined(all, [](const std::string& one) { return one; });
}
rooms::principal principal_of(const std::string& words, const user_id& who) {
  auto found = by(who);
  for (const auto& word : split(words, ',')) {
    if (word == "server" || word == "api") found = rooms::server_principal();
    if (word == "api") found.as = rooms::principal::kind::api_key;
    if (word == "admin") found.admin = true;
    if (word == "moderator") found.token = role::moderator;
  }
  found.user = who;
  return found;
}

texts words_of(const rooms::want& wanted) {
  texts out;
  const auto say = [&](texts words) { out = std::move(words); };
  std::visit(
      overloaded{
          [&](const rooms::create_room& want) {
            say({"create"});
            if (want.direct)
              add_option(out, "direct", joined({want.direct->first, want.direct->second}));
            if (!want.with) return;
            add_option(out, "settings", to_json(want.with->settings));
            add_option(out, "invited", joined(want.with->invited));
          },
          [&](const rooms::post_message& want) {
            say({"post", want.what.text});
            add_content(out, want.what);
            const auto& where = want.where;
            add_option(out, "reply_to", where.reply_to ? digits(*where.reply_to) : "");
            add_option(out, "thread", where.thread ? digits(*where.thread) : "");
            add_option(out, "quiet", where.quiet ? "on" : "");
            add_option(out, "event", where.event);
          },
          [&](const rooms::edit_message& want) {
            say({"edit", digits(want.target), want.what.text});
            add_content(out, want.what);
          },
          [&](const rooms::delete_messages& want) {
            say({"delete"});
            for (const auto target : want.targets) out.push_back(digits(target));
            add_option(out, "reason", want.reason);
          },
          [&](const rooms::set_reaction& want) {
            say({"react", digits(want.target), want.emoji, on(want.on)});
          },
          [&](const rooms::record_event& want) {
            say({"record", want.type, want.data.value()});
          },
          [&](const rooms::set_marks& want) {
            say({"marks"});
            for (const auto& one : want.marks)
              for (auto& word :
                   texts{one.user.value(), one.subject, std::to_string(static_cast<int>(one.of)),
                         std::to_string(one.value), one.text.empty() ? "-" : one.text})
                out.push_back(word);
          },
          [&](const rooms::set_pin& want) {
            say({"pin", digits(want.target), on(want.on)});
          },
          [&](const rooms::set_members& want) {
            say({"members", joined(want.change.users), to_json(want.change)});
            add_option(out, "reason", want.change.reason);
          },
          [&](const rooms::become_member&) { say({"become"}); },
          [&](const rooms::cease_membership&) { say({"cease"}); },
          [&](const rooms::set_room& want) {
            say({"set", to_json(want.change)});
          },
          [&](const rooms::set_user& want) {
            say({"profile", want.profile.user.value(), want.profile.name});
            add_option(out, "guest", want.profile.guest ? "on" : "");
            add_option(out, "data", want.profile.data ? want.profile.data->value() : "");
          },
          [&](const rooms::move_marker& want) {
            say({"read", digits(want.upto)});
          },
          [&](const rooms::trim_room& want) {
            say({"trim", digits(want.upto)});
          },
          [&](const rooms::erase_user& want) {
            say({"erase", want.user.value(), want.as.value(), digits(want.seen)});
          },
          [&](const rooms::set_own& want) {
            const auto& change = want.change;
            say({"own"});
            const auto flag = [&](const std::string& of, std::optional<bool> value) {
              add_option(out, of, value ? on(*value) : "");
            };
            add_option(out, "notify",
                       change.notify ? std::to_string(static_cast<int>(*change.notify)) : "");
            add_option(out, "until",
                       change.notify_until.value() != 0 ? digits(change.notify_until) : "");
            flag("marked", change.marked);
            flag("hidden", change.hidden);
            flag("receipts", change.receipts);
          },
      },
      wanted);
  return out;
}
texts words_of(const operation& asked, std::int64_t now) {
  texts out{std::to_string(now), asked.room.value(), asked.by.user.value(), words_of(asked.by),
            asked.key.empty() ? "-" : asked.key};
  std::ranges::move(words_of(asked.what), std::back_inserter(out));
  return out;
}

/// What stands behind the verb of a line.
struct line_reader {
  const texts& words;

  bool has(std::size_t at) const { return wanted_at + at < words.size(); }
  const std::string& text(std::size_t at) const { return words.at(wanted_at + at); }
  std::uint64_t number(std::size_t at) const { return std::stoull(text(at)); }
  bool is_on(std::size_t at) const { return text(at) == "on"; }
  std::optional<std::string> option(const std::string& name) const {
    for (auto at = wanted_at + 1; at < words.size(); ++at)
      if (words[at].starts_with(name + "=")) return words[at].substr(name.size() + 1);
    return std::nullopt;
  }
  std::optional<std::uint64_t> number_of(const std::string& name) const {
    const auto found = option(name);
    return found ? std::optional{std::stoull(*found)} : std::nullopt;
  }
  std::optional<bool> flag(const std::string& name) const {
    const auto found = option(name);
    return found ? std::optional{*found == "on"} : std::nullopt;
  }
  content said(std::size_t at) const {
    auto what = words_at(at);
    what.mentions = {users_of(option("mentions").value_or("")), option("everyone").has_value()};
    if (auto list = option("attachments")) what.attachments = attachment_list{*std::move(list)};
    if (auto data = option("data")) what.data = free_data{*std::move(data)};
    return what;
  }
  content words_at(std::size_t at) const { return confab::journal::test::words(text(at)); }
};

rooms::want want_of(const texts& from) {
  const line_reader line{from};
  const auto verb = line.text(0);
  const auto target = [&] { return seq_no{line.number(1)}; };
  if (verb == "create") {
    rooms::create_room want{epoch_id{"e1"}, {}, {}};
    if (const auto direct = line.option("direct")) {
      const auto both = users_of(*direct);
      want.direct = std::pair{both.at(0), both.at(1)};
    }
    if (const auto settings = line.option("settings"))
      want.with.emplace(rooms::create_room::founding{
          settings_from_json(*settings), users_of(line.option("invited").value_or(""))});
    return want;
  }
  if (verb == "post") {
    placement where;
    if (const auto seq = line.number_of("reply_to")) where.reply_to = seq_no{*seq};
    if (const auto seq = line.number_of("thread")) where.thread = seq_no{*seq};
    where.quiet = line.option("quiet").has_value();
    where.event = line.option("event").value_or("");
    return rooms::post_message{line.said(1), std::move(where)};
  }
  if (verb == "edit") return rooms::edit_message{target(), line.said(2)};
  if (verb == "delete") {
    rooms::delete_messages want{{}, line.option("reason").value_or("")};
    for (std::size_t at = 1; line.has(at) && line.text(at).find('=') == std::string::npos; ++at)
      want.targets.push_back(seq_no{line.number(at)});
    return want;
  }
  if (verb == "react") return rooms::set_reaction{target(), line.text(2), line.is_on(3)};
  if (verb == "record") return rooms::record_event{line.text(1), free_data{line.text(2)}};
  if (verb == "marks") {
    rooms::set_marks want;
    for (std::size_t at = 1; line.has(at); at += 5)
      want.marks.push_back({user(line.text(at)), line.text(at + 1),
                            static_cast<rooms::mark::kind>(line.number(at + 2)),
                            static_cast<std::int64_t>(line.number(at + 3)),
                            line.text(at + 4) == "-" ? "" : line.text(at + 4)});
    return want;
  }
  if (verb == "pin") return rooms::set_pin{target(), line.is_on(2)};
  if (verb == "members") {
    member_set change;
    change.users = users_of(line.text(1));
    read_json_into(change, line.text(2));
    change.reason = line.option("reason").value_or("");
    return rooms::set_members{std::move(change)};
  }
  if (verb == "become") return rooms::become_member{};
  if (verb == "cease") return rooms::cease_membership{};
  if (verb == "set") return rooms::set_room{settings_from_json(line.text(1))};
  if (verb == "profile") {
    user_set profile{user(line.text(1)), line.text(2), {}, line.option("guest").has_value()};
    if (auto data = line.option("data")) profile.data = free_data{*std::move(data)};
    return rooms::set_user{std::move(profile)};
  }
  if (verb == "read") return rooms::move_marker{target()};
  if (verb == "trim") return rooms::trim_room{target()};
  if (verb == "erase")
    return rooms::erase_user{user(line.text(1)), user(line.text(2)), seq_no{line.number(3)}};
  if (verb != "own") throw std::runtime_error("no such verb: " + verb);
  own_change change;
  if (const auto level = line.number_of("notify"))
    change.notify = static_cast<notify_level>(*level);
  if (const auto until = line.number_of("until"))
    change.notify_until = unix_ms{static_cast<std::int64_t>(*until)};
  change.marked = line.flag("marked");
  change.hidden = line.flag("hidden");
  change.receipts = line.flag("receipts");
  return rooms::set_own{change};
}
operation operation_of(const texts& from) {
  const auto who = user(from.at(2));
  return {room(from.at(1)), principal_of(from.at(3), who), from.at(4) == "-" ? "" : from.at(4),
          want_of(from)};
}

std::string text_of(const std::vector<log_entry>& entries) {
  return encode(codec::json, message::more_events{general, entries, false});
}
std::string text_of(const outcome& what) {
  return std::visit(
      overloaded{
          [](const room_made& made) {
            const auto head = "room " + std::to_string(made.info.head.value());
            return made.entries.empty() ? head : head + " " + text_of(made.entries);
          },
          [](const rooms::appended& done) { return text_of(done.entries); },
          [](const rooms::repeated& again) {
            return "repeated " + digits(again.seq) + " " + digits(again.at);
          },
          [](const rooms::unchanged&) { return std::string{"unchanged"}; },
          [](const rooms::refused& no) { return "refused " + std::string{row(no.code).name}; },
          [](const rooms::marked&) { return std::string{"marked"}; },
          [](const rooms::marker_moved& done) { return "marker moved to " + digits(done.read); },
          [](const rooms::own_set& done) {
            return "own settings: " + confab::journal::test::text_of(done.own.set);
          },
      },
      what);
}

outcome commit_one(session& of, const texts& line) {
  const auto asked = operation_of(line);
  auto done = of.commit({asked}, std::stoll(line.at(0)))[0];
  // The name follows, as the server lets it.
  if (const auto* gone = std::get_if<rooms::erase_user>(&asked.what);
      gone && asked.room == rooms::server_room)
    for (std::optional<rename_place> at = rename_place{}; at;)
      at = of.write->rename(gone->user, gone->as, *at)->next;
  return done;
}

/// What comes of the recorded operations in a store, one by one, and what is read at the end.
std::string replay(session& of, const std::vector<texts>& operations) {
  std::ostringstream out;
  for (const auto& one : operations) {
    std::string line;
    for (const auto& word : one) line.append(line.empty() ? "" : "\t").append(word);
    out << line << "\n= " << text_of(commit_one(of, one)) << '\n';
  }
  for (const auto& place : places)
    out << "= " << encode(codec::json, message::history{{}, place, {}, stored_forms(of, place), {}})
        << '\n';
  const auto all = read_all(of);
  for (const auto& one : all.beside) out << "= " << one << '\n';
  for (const auto& one : all.unread) out << "= " << one << '\n';
  return out.str();
}

std::vector<texts> operations_of(const std::string& text) {
  std::vector<texts> all;
  for (const auto& line : split(text, '\n'))
    if (!line.starts_with("=")) all.push_back(split(line, '\t'));
  return all;
}

/// The first line that differs, as both have it.
std::string difference(const std::string& one, const std::string& other) {
  std::istringstream a{one}, b{other};
  std::string of_a, of_b;
  for (int line = 1;; ++line) {
    const bool more_a = static_cast<bool>(std::getline(a, of_a));
    const bool more_b = static_cast<bool>(std::getline(b, of_b));
    if (!more_a && !more_b) return "";
    if (!more_a || !more_b || of_a != of_b)
      return "line " + std::to_string(line) + ":\n" + (more_a ? of_a : "") + "\n" +
             (more_b ? of_b : "");
  }
}

std::string read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream{path}.rdbuf();
  return text.str();
}

/// What clients do not do, and `any_operation` therefore does not.
operation seldom(std::mt19937_64& dice) {
  const auto pick = [&](std::uint64_t below) { return dice() % below; };
  const auto& who = people[pick(people.size())];
  const auto number = std::to_string(pick(3));
  switch (pick(4)) {
    case 0:
      return {rooms::server_room, rooms::server_principal(), "",
              rooms::record_event{"user.revoked", free_data{R"({"n":)" + number + "}"}}};
    case 1: {
      const rooms::mark block{who, "eve", rooms::mark::kind::block, 1, ""};
      const rooms::mark cursor{who, "hook" + number, rooms::mark::kind::cursor,
                               static_cast<std::int64_t>(pick(50)), ""};
      return {rooms::server_room, by(who), "", rooms::set_marks{{block, cursor}}};
    }
    case 2: {
      room_settings settings;
      settings.title = "founded " + number;
      rooms::create_room founded{epoch_id{"e1"}, {}, {}};
      founded.with.emplace(rooms::create_room::founding{settings, {alice, user("dan")}});
      return {room("founded-" + number), by(who), "f" + number, std::move(founded)};
    }
    default:
      return create_direct(alice, bob);
  }
}

/// Everything that carol said is deleted, then she is erased everywhere, as the server does it.
void erase_carol(session& of, const std::string& as, const std::function<void(operation)>& ask) {
  const auto carol = user("carol");
  const auto traces = of.read->traces(carol, 0, plenty)->found;
  for (const auto& one : traces) {
    if (!one.speaks) continue;
    auto gone = erase(one.room, one.seq.value());
    gone.by = rooms::server_principal();
    ask(std::move(gone));
  }
  for (const auto& where : {places[0], places[1], rooms::server_room})
    ask({where, rooms::server_principal(), "",
         rooms::erase_user{carol, user(as), seq_no{1'000'000}}});
}

/// Drawn by what comes of them.
std::vector<texts> any_operations() {
  memory_store drawing;
  std::vector<texts> all;
  std::mt19937_64 dice{7};
  std::int64_t clock = 1'763'790'000'000;
  const auto ask = [&](const operation& asked) {
    commit_one(drawing.of, all.emplace_back(words_of(asked, clock)));
  };
  for (const auto& place : places) ask(create(place));
  for (int i = 1; i <= 400; ++i) {
    clock += static_cast<std::int64_t>(dice() % 3000) - (dice() % 20 == 0 ? 200'000 : 500);
    ask(dice() % 10 == 0 ? seldom(dice) : any_operation(dice));
    if (i % 150 == 0) erase_carol(drawing.of, "gone:" + std::to_string(i), ask);
  }
  return all;
}

}  // namespace

TEST_CASE("what was recorded comes to the same entries, refusals, present forms and lists as then",
          "[journal][recorded]") {
  const std::string name = GENERATE("journal.txt", "every_kind.txt");
  const auto record = confab::test::source_dir() + "/tests/journal/recorded/" + name;
  const bool anew = std::getenv("CONFAB_RECORD") != nullptr;
  const auto expected = read(record);
  const auto operations = anew && expected.empty() ? any_operations() : operations_of(expected);
  REQUIRE(operations.size() > 100);
  memory_store memory;
  const auto found = replay(memory.of, operations);
  if (anew) std::ofstream{record} << found;

  CHECK(difference(anew ? found : expected, found) == "");
  sqlite_store disk;
  CHECK(difference(found, replay(disk.of, operations)) == "");
}

TEST_CASE("a record has words for every kind of operation, and loses none of them",
          "[journal][recorded]") {
  const auto record = confab::test::source_dir() + "/tests/journal/recorded/every_kind.txt";
  for (const auto& lines : {any_operations(), operations_of(read(record))}) {
    std::set<std::size_t> kinds;
    for (const auto& line : lines) {
      const auto asked = operation_of(line);
      kinds.insert(asked.what.index());
      REQUIRE(words_of(asked, std::stoll(line.at(0))) == line);
    }
    CHECK(kinds.size() == std::variant_size_v<rooms::want>);
  }
}
