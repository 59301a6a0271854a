#include "protocol/readers.hpp"
#include "protocol/words.hpp"

namespace confab {

namespace {

/// Whole, absolute and with a host; of the characters that a URL is written in (RFC 3986 §2).
bool is_https_url(std::string_view text) noexcept {
  constexpr std::string_view scheme = "https://", never = "\"<>\\^`{|}";
  if (!text.starts_with(scheme)) return false;
  auto authority = text.substr(scheme.size());
  authority = authority.substr(0, authority.find_first_of("/?#"));
  if (const auto user = authority.rfind('@'); user != authority.npos)
    authority.remove_prefix(user + 1);
  if (authority.empty() || authority.starts_with(':')) return false;
  return std::ranges::all_of(
      text, [&](char c) { return c > ' ' && c < '\x7f' && never.find(c) == never.npos; });
}

/// Where a file is: `url` or `ref`.
json read_place(fields& in) {
  json place = json::object();
  if (in.has("url") == in.has("ref")) {
    in.bad("url", "or ref is needed, and not both");
  } else if (in.has("ref")) {
    place["ref"] = in.text("ref", 1, limits::attachment_ref_bytes_max);
  } else {
    auto url = in.text("url", 1, limits::attachment_url_bytes_max);
    if (!is_https_url(url)) in.bad("url", "must begin with https:// and name a host");
    place["url"] = std::move(url);
  }
  return place;
}

json read_attachment(fields& in) {
  auto file = read_place(in);
  if (in.has("mime")) file["mime"] = in.text("mime", 1, limits::name_bytes_max);
  if (in.has("bytes")) file["bytes"] = in.integer("bytes");
  if (auto name = in.optional_name("name")) file["name"] = *std::move(name);
  for (const auto* number : {"width", "height", "ms"})
    if (in.has(number)) file[number] = in.integer(number);
  if (in.has("thumb"))
    in.in_object("thumb", [&](fields& inner) { file["thumb"] = read_place(inner); });
  return file;
}

/// An empty list counts as left out.
std::optional<attachment_list> read_attachments(fields& in) {
  json files = json::array();
  in.for_each_object("attachments", limits::attachments_max,
                     [&](fields& inner) { files.push_back(read_attachment(inner)); });
  if (files.empty()) return std::nullopt;
  auto compact = files.dump();
  if (compact.size() > limits::attachments_bytes_max)
    in.too_long("attachments", limits::attachments_bytes_max, "bytes as compact JSON");
  return attachment_list{std::move(compact)};
}

mention_list read_mentions(fields& in) {
  mention_list mentions;
  if (!in.has("mentions")) return mentions;
  const auto everyone = user_id::trusted("@room");  // no user has this id
  const auto make = [&](const json& element) {
    const auto* text = element.get_ptr<const json::string_t*>();
    return text && *text == everyone.view() ? std::optional{everyone} : id_in<user_id>(element);
  };
  mentions.users = in.list<user_id>("mentions", 0, limits::mentions_max + 1,
                                    "must hold ids of users, or @room", make);
  mentions.room = std::erase(mentions.users, everyone) > 0;
  if (mentions.users.size() > limits::mentions_max)
    in.too_long("mentions", limits::mentions_max, "users");
  return mentions;
}

}  // namespace

content read_content(fields& in) {
  content what;
  what.text = in.optional_text("text", in.limits().text_bytes_max, true);
  what.data = in.optional("data", [&](auto name) { return in.data(name); });
  what.attachments = read_attachments(in);
  if (what.empty()) in.bad("text", "or data or attachments is needed");
  what.mentions = read_mentions(in);
  return what;
}

placement read_placement(fields& in) {
  placement where;
  where.reply_to = in.optional_seq("reply_to");
  where.thread = in.optional_seq("thread");
  where.quiet = in.optional_boolean("quiet");
  if (in.has("event")) where.event = in.text("event", 1, limits::event_bytes_max);
  return where;
}

namespace {

std::string read_emoji(fields& in) {
  auto emoji = plain_emoji(in.text("emoji", 1, limits::emoji_bytes_max));
  if (emoji.empty()) in.bad("emoji", "must not be empty");
  return emoji;
}

command::any read_reaction(fields& in, bool on) {
  command::react what;
  what.room = in.id<room_id>("room");
  what.key = in.key();
  what.target = in.seq("target");
  what.emoji = read_emoji(in);
  what.on = on;
  return what;
}

command::any read_pinning(fields& in, bool on) {
  command::pin what;
  what.room = in.id<room_id>("room");
  what.key = in.key();
  what.target = in.seq("target");
  what.on = on;
  return what;
}

}  // namespace

command::any read_send(fields& in) {
  command::send what;
  what.room = in.id<room_id>("room");
  what.key = in.key();
  what.after = in.key("after");
  what.what = read_content(in);
  what.where = read_placement(in);
  return what;
}

command::any read_direct(fields& in) {
  command::direct what;
  what.to = in.id<user_id>("to");
  what.key = in.key();
  what.after = in.key("after");
  what.what = read_content(in);
  what.where = read_placement(in);
  return what;
}

command::any read_edit(fields& in) {
  command::edit what;
  what.room = in.id<room_id>("room");
  what.key = in.key();
  what.target = in.seq("target");
  what.what = read_content(in);
  return what;
}

command::any read_delete(fields& in) {
  command::delete_messages what;
  what.room = in.id<room_id>("room");
  what.key = in.key();
  if (in.has("target") == in.has("targets"))
    in.bad("target", "or targets is needed, and not both");
  else if (in.has("target"))
    what.targets = {in.seq("target")};
  else
    what.targets = in.seqs("targets", 1, limits::delete_targets_max);
  what.reason = in.reason();
  return what;
}

command::any read_react(fields& in) { return read_reaction(in, true); }
command::any read_unreact(fields& in) { return read_reaction(in, false); }

command::any read_pin(fields& in) { return read_pinning(in, true); }
command::any read_unpin(fields& in) { return read_pinning(in, false); }

command::any read_pins(fields& in) {
  command::list_pins what;
  what.room = in.id<room_id>("room");
  what.after = in.cursor();
  return what;
}

command::any read_history(fields& in) {
  command::history what;
  what.room = in.id<room_id>("room");
  what.before = in.optional_seq("before");
  what.after = in.optional_seq("after");
  what.thread = in.optional_seq("thread");
  what.limit = in.limit(limits::history_count_default, limits::history_count_max);
  return what;
}

command::any read_threads(fields& in) {
  command::list_threads what;
  what.room = in.id<room_id>("room");
  what.mine = in.optional_boolean("mine");
  what.after = in.cursor();
  what.limit = in.limit(limits::history_count_default, limits::history_count_max);
  return what;
}

command::any read_emit(fields& in) {
  command::emit what;
  what.room = in.id<room_id>("room");
  what.event = in.text("event", 1, limits::event_bytes_max);
  what.data = in.optional("data", [&](auto name) { return in.data(name); });
  return what;
}

command::any read_reactions(fields& in) {
  command::list_reactions what;
  what.room = in.id<room_id>("room");
  what.target = in.seq("target");
  what.emoji = read_emoji(in);
  what.after = in.seq_cursor().value_or(seq_no{});
  return what;
}

command::any read_upload(fields& in) {
  command::upload what;
  what.room = in.id<room_id>("room");
  what.mime = in.text("mime", 1, limits::name_bytes_max);
  what.bytes = in.integer("bytes");
  what.name = in.optional_name("name").value_or("");
  return what;
}

command::any read_download(fields& in) {
  command::download what;
  what.room = in.id<room_id>("room");
  what.seq = in.seq("seq");
  what.index = static_cast<std::uint32_t>(in.integer("index", limits::attachments_max - 1));
  return what;
}

command::any read_report(fields& in) {
  command::report what;
  what.room = in.id<room_id>("room");
  what.target = in.seq("target");
  what.reason = in.reason();
  return what;
}

command::any read_search(fields& in) {
  command::search what;
  what.query = in.text("query", 1, limits::search_query_bytes_max, true);
  const auto words = words_in(what.query).size();
  if (words == 0) in.bad("query", "must hold a word");
  if (words > limits::search_words_max) in.too_long("query", limits::search_words_max, "words");
  const auto time = [&](auto name) { return in.time(name); };
  if (in.has("rooms")) what.rooms = in.ids<room_id>("rooms", 1, limits::search_rooms_max);
  what.from = in.optional("from", [&](auto name) { return in.id<user_id>(name); });
  what.after_at = in.optional("after_at", time);
  what.before_at = in.optional("before_at", time);
  what.has_attachment = in.has("has");
  if (what.has_attachment && in.text("has", 1, limits::name_bytes_max) != "attachment")
    in.bad("has", "must be attachment");
  const auto after = in.seq_cursor();
  if (after == seq_no{}) in.bad("after", "must be the next of an earlier page");
  what.after = after.value_or(seq_no{});
  what.limit = in.limit(limits::search_hits_default, limits::search_hits_max);
  return what;
}

}  // namespace confab
