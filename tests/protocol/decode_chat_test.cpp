#include "tests/protocol/decoding.hpp"

using namespace confab;

namespace {

constexpr auto too_long = error_code::too_long;

/// `count` different elements, each `before` a number and `after`.
std::string numbered(std::size_t count, const std::string& before, const std::string& after) {
  std::string list;
  for (std::size_t i = 0; i < count; ++i)
    list += (i ? "," : "") + before + std::to_string(i) + after;
  return "[" + list + "]";
}
std::string users(std::size_t count) { return numbered(count, "\"u", "\""); }
std::string numbers(std::size_t count) { return numbered(count, "", ""); }
std::string files(std::size_t count) { return numbered(count, R"({"ref":"f)", "\"}"); }

std::string quoted(std::size_t size) { return "\"" + chars(size) + "\""; }

std::string send(const std::string& members) { return room + R"(,"text":"hi",)" + members; }
std::string file(const std::string& members) {
  return room + R"(,"attachments":[{)" + members + "}]";
}
std::string url(const std::string& text) { return file(R"("url":")" + text + "\""); }
const std::string query = R"("query":"plan",)";
std::string set(const std::string& members) { return room + R"(,"users":["bob"],)" + members; }

std::string url_of(std::size_t size) { return "https://" + chars(size - 8); }

/// Files whose list has `size` bytes as compact JSON, of which 7 take 2,059 each.
std::string files_of(std::size_t size) {
  constexpr std::size_t brackets = 2, largest = 2048, around = 10;  // {"url":""}
  const auto last = size - brackets - 7 * (largest + around + 1) - around;
  return R"("attachments":[)" + repeat(7, R"({"url":")" + url_of(largest) + R"("},)") +
         R"({"url":")" + url_of(last) + "\"}]";
}

template <class Command>
Command read(const std::string& type, const std::string& members) {
  const auto what = decode(codec::json, command_text(type, members));
  if (const auto* why = std::get_if<rejected>(&what)) FAIL(why->message);
  return std::get<Command>(std::get<request>(what).what);
}

std::string kept_files(const std::string& members) {
  return read<command::send>("send", room + "," + members).what.attachments.value().value();
}

std::vector<bad_command> bad_commands() {
  return {
      {"join", room + R"(,"member":1)"},
      {"join", room + R"(,"member":"true")"},
      {"leave", room + R"(,"member":[])"},

      {"send", send(R"("reply_to":-1)")},
      {"send", send(R"("reply_to":"1")")},
      {"send", send(R"("thread":1.5)")},
      {"send", send(R"("thread":9007199254740992)")},
      {"send", send(R"("quiet":0)")},
      {"send", send(R"("event":"")")},
      {"send", send(R"("event":"a\nb")")},
      {"send", send(R"("event":7)")},
      {"send", send(R"("event":)" + quoted(201)), too_long},
      {"send", send(R"("mentions":"bob")")},
      {"send", send(R"("mentions":[7])")},
      {"send", send(R"("mentions":[null])")},
      {"send", send(R"("mentions":["@all"])")},
      {"send", send(R"("mentions":["@server"])")},
      {"send", send(R"("mentions":["b b"])")},
      {"send", send(R"("mentions":)" + users(51)), too_long},
      {"send", send(R"("mentions":["@room",)" + users(51).substr(1)), too_long},

      {"send", room + R"(,"attachments":[])"},
      {"send", room + R"(,"attachments":{})"},
      {"send", room + R"(,"attachments":["f/1"])"},
      {"send", room + R"(,"attachments":[{}])"},
      {"send", room + R"(,"attachments":[{"mime":"image/png"}])"},
      {"send", file(R"("ref":"f/1","url":"https://cdn.example/a")")},
      {"send", file(R"("ref":"")")},
      {"send", file(R"("ref":7)")},
      {"send", file(R"("ref":)" + quoted(257)), too_long},
      {"send", url("")},
      {"send", url("http://cdn.example/a")},
      {"send", url("HTTPS://cdn.example/a")},
      {"send", url("javascript:alert(1)")},
      {"send", url("//cdn.example/a")},
      {"send", url("https:cdn.example")},
      {"send", url("https://")},
      {"send", url("https:///a")},
      {"send", url("https://?a")},
      {"send", url("https://cdn.example/a b")},
      {"send", url("https://cdn.example/<a>")},
      {"send", url("https://cdn.example\\\\a")},
      {"send", url("https://cdn.example/\u00fc")},
      {"send", url(" https://cdn.example/a")},
      {"send", url(url_of(2049)), too_long},
      {"send", file(R"("ref":"f/1","mime":"")")},
      {"send", file(R"("ref":"f/1","mime":)" + quoted(129)), too_long},
      {"send", file(R"("ref":"f/1","name":"a\u202eb")")},
      {"send", file(R"("ref":"f/1","name":)" + quoted(129)), too_long},
      {"send", file(R"("ref":"f/1","bytes":-1)")},
      {"send", file(R"("ref":"f/1","width":1.5)")},
      {"send", file(R"("ref":"f/1","height":"720")")},
      {"send", file(R"("ref":"f/1","ms":9007199254740992)")},
      {"send", file(R"("ref":"f/1","thumb":"f/2")")},
      {"send", file(R"("ref":"f/1","thumb":{})")},
      {"send", file(R"("ref":"f/1","thumb":{"url":"http://cdn.example/a"})")},
      {"send", room + R"(,"attachments":)" + files(11), too_long},
      {"send", room + "," + files_of(16'385), too_long},
      {"send", room + R"(,"mentions":["bob"])"},
      {"send", room + R"(,"reply_to":1)"},
      {"direct", to + R"(,"text":"hi","reply_to":null,"thread":{})"},
      {"direct", to + R"(,"text":"hi","mentions":)" + users(51), too_long},
      {"edit", room + "," + target + R"(,"mentions":["bob"])"},
      {"edit", room + "," + target + R"(,"text":"hi","mentions":)" + users(51), too_long},
      {"edit", room + "," + target + R"(,"attachments":)" + files(11), too_long},

      {"search", ""},
      {"search", R"("query":7)"},
      {"search", R"("query":"")"},
      {"search", R"("query":" \n ")"},
      {"search", R"("query":"a\u0001b")"},
      {"search", R"("query":)" + quoted(257), too_long},
      {"search", R"("query":")" + repeat(21, "a ") + "\"", too_long},
      {"search", query + R"("rooms":[])"},
      {"search", query + R"("rooms":"general")"},
      {"search", query + R"("rooms":["a b"])"},
      {"search", query + R"("rooms":)" + users(101), too_long},
      {"search", query + R"("from":"@server")"},
      {"search", query + R"("from":["bob"])"},
      {"search", query + R"("after_at":-1)"},
      {"search", query + R"("before_at":"now")"},
      {"search", query + R"("has":"")"},
      {"search", query + R"("has":"link")"},
      {"search", query + R"("has":true)"},
      {"search", query + R"("after":7)"},
      {"search", query + R"("after":"0")"},
      {"search", query + R"("after":"-1")"},
      {"search", query + R"("after":"12x")"},
      {"search", query + R"("after":"99999999999999999999")"},
      {"search", query + R"("after":)" + quoted(129), too_long},
      {"search", query + R"("limit":"20")"},

      {"delete", room + R"(,"target":1,"targets":[2])"},
      {"delete", room + R"(,"targets":[])"},
      {"delete", room + R"(,"targets":1)"},
      {"delete", room + R"(,"targets":["1"])"},
      {"delete", room + R"(,"targets":[1,null])"},
      {"delete", room + R"(,"targets":[-1])"},
      {"delete", room + R"(,"targets":)" + numbers(101), too_long},
      {"delete", room + "," + target + R"(,"reason":7)"},
      {"delete", room + "," + target + R"(,"reason":"a\u0000b")"},
      {"delete", room + "," + target + R"(,"reason":)" + quoted(257), too_long},

      {"pin", room},
      {"pin", target},
      {"pin", room + "," + target + R"(,"key":"")"},
      {"unpin", room + R"(,"target":"1")"},
      {"pins", ""},
      {"pins", room + R"(,"after":7)"},
      {"pins", room + R"(,"after":)" + quoted(129), too_long},
      {"history", room + R"(,"thread":"41")"},
      {"threads", R"("mine":true)"},
      {"threads", room + R"(,"mine":1)"},
      {"threads", room + R"(,"limit":"1")"},
      {"threads", room + R"(,"after":)" + quoted(129), too_long},

      {"set_member", room},
      {"set_member", room + R"(,"state":"member")"},
      {"set_member", room + R"(,"users":[],"state":"member")"},
      {"set_member", room + R"(,"users":"bob","state":"member")"},
      {"set_member", room + R"(,"users":["@server"],"state":"member")"},
      {"set_member", R"("users":["bob"],"state":"member")"},
      {"set_member", room + R"(,"state":"member","users":)" + users(101), too_long},
      {"set_member", set(R"("reason":"why")")},
      {"set_member", set(R"("state":"left")")},
      {"set_member", set(R"("state":"none")")},
      {"set_member", set(R"("state":"gone")")},
      {"set_member", set(R"("state":7)")},
      {"set_member", set(R"("role":"none")")},
      {"set_member", set(R"("role":"visitor")")},
      {"set_member", set(R"("role":"admin")")},
      {"set_member", set(R"("role":["owner"])")},
      {"set_member", set(R"("mute_until":-1)")},
      {"set_member", set(R"("mute_until":"0")")},
      {"set_member", set(R"("until":1)")},
      {"set_member", set(R"("state":"member","until":1)")},
      {"set_member", set(R"("role":"member","until":1)")},
      {"set_member", set(R"("state":"removed","until":1)")},
      {"set_member", set(R"("state":"banned","until":1.5)")},
      {"set_member", set(R"("state":"removed","delete_ms":1)")},
      {"set_member", set(R"("mute_until":1,"delete_ms":1)")},
      {"set_member", set(R"("state":"banned","delete_ms":-1)")},
      {"set_member", set(R"("state":"banned","reason":)" + quoted(257)), too_long},
      {"set_member", set(R"("state":"banned","key":)" + quoted(65)), too_long},

      {"members", ""},
      {"members", room + R"(,"state":"removed")"},
      {"members", room + R"(,"state":"unbanned")"},
      {"members", room + R"(,"state":"left")"},
      {"members", room + R"(,"state":true)"},
      {"members", room + R"(,"limit":[])"},
      {"members", room + R"(,"after":)" + quoted(129), too_long},

      {"create", ""},
      {"create", R"("title":"Red")"},
      {"create", R"("key":"","title":"Red")"},
      {"create", R"("room":"a b")"},
      {"create", R"("room":"dm:alice:bob")"},
      {"create", R"("room":"r:abc")"},
      {"create", R"("room":"f:abc")"},
      {"create", room + R"(,"users":["b b"])"},
      {"create", room + R"(,"users":)" + users(101), too_long},
      {"create", room + R"(,"title":"")"},
      {"create", room + R"(,"visibility":"secret")"},

      {"set_room", room},
      {"set_room", R"("topic":"Plans")"},
      {"set_room", room + R"(,"topic":null)"},
      {"set_room", room + R"(,"title":"  ")"},
      {"set_room", room + R"(,"title":"a\u202eb")"},
      {"set_room", room + R"(,"title":"a\nb")"},
      {"set_room", room + R"(,"title":)" + quoted(129), too_long},
      {"set_room", room + R"(,"topic":7)"},
      {"set_room", room + R"(,"topic":"a\u001bb")"},
      {"set_room", room + R"(,"topic":)" + quoted(1025), too_long},
      {"set_room", room + R"(,"data":[])"},
      {"set_room", room + R"(,"data":"text")"},
      {"set_room", room + "," + data_of(8193), too_long},
      {"set_room", room + R"(,"visibility":"everyone")"},
      {"set_room", room + R"(,"visibility":0)"},
      {"set_room", room + R"(,"visitors":"all")"},
      {"set_room", room + R"(,"posting":"none")"},
      {"set_room", room + R"(,"inviting":"owners")"},
      {"set_room", room + R"(,"history":"none")"},
      {"set_room", room + R"(,"slow_ms":-1)"},
      {"set_room", room + R"(,"slow_ms":21600001)"},
      {"set_room", room + R"(,"slow_ms":"0")"},
      {"set_room", room + R"(,"archived":1)"},
      {"set_room", room + R"(,"receipts":"yes")"},
      {"set_room", room + R"(,"retention_ms":3599999)"},
      {"set_room", room + R"(,"retention_ms":-3600000)"},

      {"emit", room},
      {"emit", R"("event":"cursor")"},
      {"emit", room + R"(,"event":"")"},
      {"emit", room + R"(,"event":)" + quoted(201), too_long},
      {"emit", room + R"(,"event":"cursor",)" + data_of(10'241), too_long},

      {"upload", room},
      {"upload", room + R"(,"mime":"image/png")"},
      {"upload", room + R"(,"bytes":1)"},
      {"upload", room + R"(,"mime":"","bytes":1)"},
      {"upload", room + R"(,"mime":"image/png","bytes":-1)"},
      {"upload", room + R"(,"mime":"image/png","bytes":1,"name":"\u200b")"},
      {"upload", room + R"(,"mime":"image/png","bytes":1,"name":)" + quoted(129), too_long},
      {"upload", room + R"(,"bytes":1,"mime":)" + quoted(129), too_long},
      {"download", room + R"(,"seq":1)"},
      {"download", room + R"(,"index":0)"},
      {"download", room + R"(,"seq":1,"index":10)"},
      {"download", room + R"(,"seq":1,"index":-1)"},

      {"block", R"("user":"eve")"},
      {"block", R"("on":true)"},
      {"block", R"("user":"e e","on":true)"},
      {"block", R"("user":"eve","on":1)"},
      {"set_own", R"("notify":"all")"},
      {"set_own", room},
      {"set_own", room + R"(,"notify":"loud")"},
      {"set_own", room + R"(,"notify_until":5)"},
      {"set_own", room + R"(,"marked":true,"notify_until":5)"},
      {"set_own", room + R"(,"notify":"none","notify_until":-1)"},
      {"set_own", room + R"(,"marked":1)"},
      {"set_own", room + R"(,"hidden":"yes")"},
      {"set_own", room + R"(,"receipts":0)"},
      {"active", ""},
      {"active", R"("on":"no")"},
      {"users", ""},
      {"users", R"("ids":[])"},
      {"users", R"("ids":"bob")"},
      {"users", R"("ids":[7])"},
      {"users", R"("ids":)" + users(101), too_long},
      {"read", room},
      {"read", R"("seq":5)"},
      {"read", room + R"(,"seq":-1)"},
      {"read", room + R"(,"seq":9007199254740992)"},
      {"read", R"("room":"a b","seq":5)"},
      {"mentions", R"("after":"x")"},
      {"mentions", R"("after":7)"},
      {"mentions", R"("after":"9007199254740992")"},
      {"mentions", R"("limit":"many")"},
      {"inbox", R"("limit":"many")"},
      {"inbox", R"("since":7)"},
      {"inbox", R"("since":)" + quoted(129), too_long},
      {"inbox", R"("after":)" + quoted(129), too_long},
      {"inbox", R"("watch":1)"},
      {"hello", R"("guest":"a","inbox":7)"},
      {"hello", R"("guest":"a","inbox":{"since":)" + quoted(129) + "}", too_long},
      {"report", room},
      {"report", target},
      {"report", room + "," + target + R"(,"reason":)" + quoted(257), too_long},
  };
}

/// Each with the largest that is allowed of something.
std::vector<std::pair<std::string, std::string>> full_commands() {
  return {
      {"send", send(R"("reply_to":9007199254740991,"thread":0)")},
      {"send", send(R"("event":)" + quoted(200))},
      {"send", send(R"("mentions":[])")},
      {"send", send(R"("mentions":)" + users(50))},
      {"send", send(R"("mentions":["@room","@room","u0",)" + users(50).substr(1))},
      {"send", send(R"("attachments":[])")},
      {"send", room + R"(,"attachments":)" + files(10)},
      {"send", room + "," + files_of(16'384)},
      {"send", file(R"("ref":)" + quoted(256))},
      {"send", url(url_of(2048))},
      {"send", url("https://cdn.example:8443/a%20b?c=d&e[]=~f#g")},
      {"send", file(R"("ref":"f/1","mime":)" + quoted(128))},
      {"send", file(R"("ref":"f/1","name":)" + quoted(128))},
      {"send", file(R"("ref":"f/1","bytes":9007199254740991)")},
      {"delete", room + R"(,"targets":)" + numbers(100)},
      {"delete", room + "," + target + R"(,"reason":)" + quoted(256)},
      {"delete", room + "," + target + R"(,"reason":"two\nlines")"},
      {"search", R"("query":)" + quoted(256)},
      {"search", R"("query":"\n)" + repeat(20, "a  ") + "\""},
      {"search", R"("query":"\"* AND (NEAR body:^-")"},
      {"search", query + R"("rooms":)" + users(100)},
      {"search", query + R"("after":"9007199254740991","after_at":0,"before_at":9007199254740991)"},
      {"search", query + R"("after":"","has":null)"},
      {"pins", room + R"(,"after":)" + quoted(128)},
      {"pins", room + R"(,"after":"")"},
      {"set_member", room + R"(,"state":"removed","users":)" + users(100)},
      {"set_member", room + R"(,"state":"member","users":["bob","bob",)" + users(99).substr(1)},
      {"set_member", set(R"("state":"banned","until":9007199254740991,"delete_ms":0)")},
      {"set_member", set(R"("state":"invited","role":"owner","until":1,"mute_until":1)")},
      {"set_member", set(R"("state":"unbanned","reason":)" + quoted(256))},
      {"members", room + R"(,"state":"banned","limit":18446744073709551615)"},
      {"create", R"("key":"k")"},
      {"create", R"("room":"rx:abc")"},
      {"create", room + R"(,"users":)" + users(100)},
      {"create", room + R"(,"users":[])"},
      {"set_room", room + R"(,"title":)" + quoted(128)},
      {"set_room", room + R"(,"topic":)" + quoted(1024)},
      {"set_room", room + R"(,"topic":"")"},
      {"set_room", room + "," + data_of(8192)},
      {"set_room", room + R"(,"slow_ms":21600000)"},
      {"set_room", room + R"(,"retention_ms":0)"},
      {"set_room", room + R"(,"retention_ms":9007199254740991)"},
      {"emit", room + R"(,"event":)" + quoted(200) + "," + data_of(10'240)},
      {"upload", room + R"(,"mime":"image/png","bytes":9007199254740991,"name":"")"},
      {"download", room + R"(,"seq":1,"index":9)"},
      {"users", R"("ids":)" + users(100)},
      {"set_own", room + R"(,"notify":"none","notify_until":9007199254740991)"},
      {"set_own", room + R"(,"receipts":false)"},
      {"read", room + R"(,"seq":9007199254740991)"},
      {"mentions", R"("after":"9007199254740991","limit":18446744073709551615)"},
      {"inbox", R"("since":)" + quoted(128)},
      {"inbox", R"("after":)" + quoted(128)},
      {"hello", R"("guest":"a","inbox":{})"},
      {"report", room + "," + target},
  };
}

}  // namespace

TEST_CASE("a bad command of members, rooms, threads or files is answered and closes nothing") {
  check_refused(bad_commands());
}

TEST_CASE("every limit of members, rooms, threads and files is allowed itself") {
  check_accepted(full_commands());
}

TEST_CASE("who is named twice is named once, in the order of the first time") {
  const auto sent =
      read<command::send>("send", send(R"("mentions":["b","@room","a","b","@room"])"));
  const std::vector users{user_id::trusted("b"), user_id::trusted("a")};

  CHECK((sent.what.mentions == mention_list{users, true}));
  CHECK((read<command::set_member>("set_member", room + R"(,"role":"owner","users":["b","a","b"])")
             .change.users == users));
  CHECK((read<command::delete_messages>("delete", room + R"(,"targets":[5,3,5])").targets ==
         std::vector{seq_no{5}, seq_no{3}}));
}

TEST_CASE("attachments are kept with the members that are known, in one order") {
  CHECK(kept_files(R"("attachments":[ {"x":[1], "name":"a.png", "ref":"f/1", "mime":null} ])") ==
        R"([{"ref":"f/1","name":"a.png"}])");
  CHECK(kept_files(R"("attachments":[{"thumb":{"x":1,"ref":"f/2"},"ms":1,"height":2,"width":3,)"
                   R"("name":"\u00fc","bytes":4,"mime":"a/b","url":"https:\/\/c.d"}])") ==
        R"([{"url":"https://c.d","mime":"a/b","bytes":4,"name":"ü","width":3,"height":2,)"
        R"("ms":1,"thumb":{"ref":"f/2"}}])");
}

TEST_CASE("what a page holds if nobody says how much") {
  CHECK(read<command::list_members>("members", room).limit == limits::members_page_count_max);
  CHECK(read<command::list_members>("members", room + R"(,"limit":0)").limit == 1);
  CHECK(read<command::list_threads>("threads", room).limit == limits::history_count_default);
  CHECK(read<command::list_threads>("threads", room + R"(,"limit":201)").limit ==
        limits::history_count_max);
  CHECK(read<command::list_mentions>("mentions", "").limit == limits::history_count_default);
  CHECK(read<command::list_mentions>("mentions", R"("limit":201)").limit ==
        limits::mentions_page_count_max);
  CHECK(read<command::inbox>("inbox", "").at.limit == limits::history_count_default);
  CHECK(read<command::inbox>("inbox", R"("limit":201)").at.limit == limits::inbox_page_count_max);
}

TEST_CASE("a search gives twenty hits if nobody says how many, and a hundred at most") {
  const auto limit_of = [](const std::string& members) { return read<command::search>("search", R"("query":"plan")" + members).limit; };

  CHECK(limit_of("") == limits::search_hits_default);
  CHECK(limit_of(R"(,"limit":0)") == 1);
  CHECK(limit_of(R"(,"limit":101)") == limits::search_hits_max);
}

TEST_CASE("a null among a room's settings changes nothing") {
  const auto set = read<command::set_room>("set_room", room + R"(,"title":null,"topic":"a\tb")");

  CHECK_FALSE(set.change.title.has_value());
  CHECK(set.change.topic == "a\tb");
}
