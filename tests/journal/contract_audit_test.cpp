// What journal.hpp promises of who asked for an entry, of what an audit reads, and of lists of users, over every
// journal.

#include "rooms/principal.hpp"
#include "tests/journal/stores.hpp"

using namespace confab;
using namespace confab::journal;
using namespace confab::journal::test;

namespace {

constexpr std::size_t many = 1'000, bytes = 1'000'000;

rooms::principal key_named(std::string name) {
  rooms::principal by;
  by.user = rooms::server_user;
  by.as = rooms::principal::kind::api_key;
  by.joined = true;
  by.api_key = std::move(name);
  return by;
}
operation profile(const user_id& user, bool guest = false) {
  return {rooms::server_room, key_named("shop"), {}, rooms::set_user{user_set{user, user.value(), {}, guest}}};
}
std::vector<seq_no::rep> places_of(const std::vector<feed_item>& items) {
  std::vector<seq_no::rep> out;
  for (const auto& one : items) out.push_back(one.entry.seq.value());
  return out;
}

}  // namespace

TEMPLATE_TEST_CASE("an entry says which key asked for it, and no other does", "[journal]", memory_store,
                   sqlite_store) {
  TestType store;
  auto& of = store.of;
  of.commit({create(general)});
  auto by_key = post(general, "paid");
  by_key.by = key_named("shop");

  of.commit({by_key, post(general, "thanks")});

  const auto entries = *of.read->entries(general, seq_no{0}, seq_no{2}, many, bytes);
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].by == "shop");
  CHECK(entries[1].by.empty());
}

TEMPLATE_TEST_CASE("an audit reads what changes rooms, members and others' messages, in order", "[journal]",
                   memory_store, sqlite_store) {
  TestType store;
  auto& of = store.of;
  of.commit({create(general)});
  auto settings = operation{general, key_named("shop"), {}, rooms::set_room{}};
  std::get<rooms::set_room>(settings.what).change.topic = "Plans";
  auto pin = operation{general, key_named("shop"), {}, rooms::set_pin{seq_no{1}, true}};
  of.commit({post(general, "1"), post(general, "2"), edit(general, 1, "one"), settings, pin, erase(general, 2)});
  of.commit({operation{rooms::server_room, rooms::server_principal(), {},
                       rooms::record_event{"room.created", free_data{R"({"room":"general"})"}}}});

  const auto all = *of.read->audited(0, many, bytes);
  const auto first = *of.read->audited(0, 2, bytes);
  const auto rest = *of.read->audited(first.back().position, many, bytes);

  CHECK(places_of(all) == std::vector<seq_no::rep>{4, 5, 6, 1});
  CHECK(all[0].entry.by == "shop");
  CHECK(all[2].entry.by.empty());
  CHECK(all.back().room == rooms::server_room);
  CHECK(places_of(first) == std::vector<seq_no::rep>{4, 5});
  CHECK(places_of(rest) == std::vector<seq_no::rep>{6, 1});
}

TEMPLATE_TEST_CASE("users are listed in order of id, by how their ids begin", "[journal]", memory_store,
                   sqlite_store) {
  TestType store;
  auto& of = store.of;
  of.commit({profile(user("bob")), profile(user("ann")), profile(user("bea")), profile(user("guest:1"), true)});
  const auto found = [&](std::string_view prefix, std::string after, std::size_t count = many) {
    std::vector<std::string> out;
    const auto page = *of.read->users(prefix, user(std::move(after)), count);
    for (const auto& one : page) out.push_back(one.user.value());
    return out;
  };
  using list = std::vector<std::string>;

  CHECK(found("", "") == list{"ann", "bea", "bob", "guest:1"});
  CHECK(found("b", "") == list{"bea", "bob"});
  CHECK(found("b", "bea") == list{"bob"});
  CHECK(found("", "", 2) == list{"ann", "bea"});
  CHECK(found("c", "").empty());
}

TEMPLATE_TEST_CASE("the first profile of a user says that nothing was known before", "[journal]", memory_store,
                   sqlite_store) {
  TestType store;
  auto& of = store.of;
  auto renamed = profile(bob);
  std::get<rooms::set_user>(renamed.what).profile.name = "Bob";

  of.commit({profile(bob), renamed});

  std::vector<bool> first;
  const auto items = *of.read->feed(0, many, bytes);
  for (const auto& item : items)
    if (const auto* profile = std::get_if<user_set>(&item.entry.body)) first.push_back(profile->first);
  CHECK(first == std::vector{true, false});
}

TEMPLATE_TEST_CASE("a room that is forgotten is in no list, and its id begins anew", "[journal]", memory_store,
                   sqlite_store) {
  TestType store;
  auto& of = store.of;
  of.commit({create(general, "e1"), join_as_member(general, bob), post(general, "1"), post(general, "2")});
  of.commit({operation{general, by(bob), {}, rooms::move_marker{seq_no{3}}}});
  of.commit({operation{general, by(bob), {}, rooms::cease_membership{}}});
  const auto head = of.read->room(general)->head;

  CHECK_FALSE(*of.write->forget_room(general, seq_no{1}));  // something came meanwhile
  CHECK_FALSE(*of.write->forget_room(room("other"), seq_no{0}));
  of.commit({profile(bob)});
  CHECK(*of.write->forget_room(general, head));

  CHECK(of.read->room(general).why() == fault::no_such_room);
  CHECK(of.read->rooms({}, {}, many)->empty());
  CHECK(std::holds_alternative<rooms::refused>(of.commit({post(general, "3")})[0]));
  of.commit({create(general, "e2"), join_as_member(general, bob), post(general, "one")});
  const auto fresh = *of.read->room(general);
  CHECK(fresh.epoch.value() == "e2");
  CHECK(fresh.head == seq_no{2});
  CHECK((*of.read->counts(general, bob))->unread == 1);
}
