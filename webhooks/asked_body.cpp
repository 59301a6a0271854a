#include "webhooks/asked_body.hpp"

#include "protocol/message_parts.hpp"
#include "protocol/overloaded.hpp"
#include "protocol/readers.hpp"
#include "protocol/writers.hpp"
#include "webhooks/body.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace confab::webhooks {
namespace {

class writing : message_parts<json_writer> {
  using parts = message_parts<json_writer>;

 public:
  explicit writing(std::string& out) : parts(out) {}

  void body(const question& asked, unix_ms now) {
    object([&] {
      std::visit(
          [&](const auto& one) {
            put("type", type_of(one));
            put("timestamp", std::string_view{iso_time(now)});
            out_.key("data");
            object([&] { members(one); });
          },
          asked);
    });
  }
  void message(const content& what, const placement& where) {
    object([&] { put_content(what, where); });
  }

 private:
  template <class Members>
  void object(Members inner) {
    out_.begin_object();
    inner();
    out_.end_object();
  }
  void begin(const rooms::hook_asker& from) {
    put("room", from.room);
    put("from", from.user);
    if (from.as != role::none) put("role", from.as);
  }
  void members(const rooms::message_question& one) {
    begin(one.from);
    put_text("name", one.from.name);
    put_text("session", one.from.session);
    put_text("address", one.from.address);
    out_.key("edits");
    if (one.edits)
      write(*one.edits);
    else
      out_.raw_json("null");
    out_.key("message");
    message(one.what, one.where);
  }
  void members(const rooms::upload_question& one) {
    begin(one.from);
    put("mime", one.mime);
    put("bytes", one.bytes);
    put_text("name", one.name);
  }
  void members(const rooms::download_question& one) {
    begin(one.from);
    put("seq", one.seq);
    put("ref", one.ref);
  }

  static std::string_view type_of(const rooms::message_question&) { return "message.check"; }
  static std::string_view type_of(const rooms::upload_question&) { return "file.upload"; }
  static std::string_view type_of(const rooms::download_question&) { return "file.download"; }
};

asked_answer failed(std::string why) { return {asked_result::failed, std::nullopt, std::move(why)}; }

/// What is wrong with `data` and `reason` of a no does not make a yes of it.
asked_answer rejection(const json& said, const decode_limits& limits) {
  auto why = rooms::refusal(error_code::rejected, "the deployment says no");
  if (const auto* reason = member(said, "reason"))
    if (const auto* text = reason->get_ptr<const json::string_t*>())
      if (is_clean_text(*text, true)) why.reason = beginning_of(*text, limits::reason_bytes_max);
  fields in{said, limits};
  auto data = in.optional("data", [&](auto name) { return in.data(name); });
  if (!in.first_fault()) why.data = std::move(data);
  return {asked_result::rejected, std::move(why)};
}

/// What it names is replaced, and the whole is read as if its author had sent it so.
asked_answer modification(const json& message, const rooms::message_question& asked,
                          const decode_limits& limits) {
  constexpr std::array<std::string_view, 4> of_content{"text", "data", "mentions", "attachments"};
  constexpr std::array<std::string_view, 4> of_place{"reply_to", "thread", "quiet", "event"};
  std::string text;
  writing{text}.message(asked.what, asked.where);
  auto merged = read_json(text).root;
  const auto take = [&](std::string_view name) {
    if (const auto at = message.find(name); at != message.end()) merged[std::string{name}] = *at;
  };
  std::ranges::for_each(of_content, take);
  if (!asked.edits) std::ranges::for_each(of_place, take);
  fields in{merged, limits};
  rooms::let_through out;
  out.what = read_content(in);
  if (!asked.edits) out.where = read_placement(in);
  if (const auto& fault = in.first_fault())
    return {asked_result::wrong, rooms::refusal(fault->code, "made of it: " + fault->message)};
  return {asked_result::modified, std::move(out)};
}

asked_answer check(const json& said, std::string_view action, rooms::message_question& asked,
                   const decode_limits& limits) {
  if (action == "allow")
    return {asked_result::allowed,
            rooms::let_through{std::move(asked.what), std::move(asked.where)}};
  const auto* message = member(said, "message");
  if (action == "modify" && message && message->is_object())
    return modification(*message, asked, limits);
  return failed("the answer has no action");
}

asked_answer place(const json& said, bool upload, const decode_limits& limits) {
  fields in{said, limits};
  rooms::file_place out;
  out.url = in.text("url", 1, file_url_bytes_max);
  out.expires_at = in.time("expires_at");
  if (upload) {
    out.ref = in.text("ref", 1, limits::attachment_ref_bytes_max);
    out.method = in.has("method") ? in.text("method", 1, limits::name_bytes_max) : "PUT";
    out.headers =
        in.has("headers") ? in.object("headers", file_url_bytes_max) : free_data{"{}"};
  }
  if (const auto& fault = in.first_fault()) return failed("the answer's " + fault->message);
  if (!out.url.starts_with("https://") && !out.url.starts_with("http://"))
    return failed("the answer's url is none of http");
  return {asked_result::placed, std::move(out)};
}

}  // namespace

std::string body_of(const question& asked, unix_ms now) {
  std::string text;
  writing{text}.body(asked, now);
  return text;
}

asked_answer read_answer(const reply& came, question& asked, const decode_limits& limits) {
  if (came.status == 0) return failed(came.error);
  if (came.status != 200) return failed("status " + std::to_string(came.status));
  const auto tree = read_json(came.text);
  if (!tree.well_formed || tree.fault || !tree.root.is_object())
    return failed("the answer is no JSON object");
  const auto* action = member(tree.root, "action");
  const auto* word = action ? action->get_ptr<const json::string_t*>() : nullptr;
  if (word && *word == "reject") return rejection(tree.root, limits);
  return std::visit(
      overloaded{
          [&](rooms::message_question& one) {
            return check(tree.root, word ? std::string_view{*word} : std::string_view{}, one,
                         limits);
          },
          [&](rooms::upload_question&) { return place(tree.root, true, limits); },
          [&](rooms::download_question&) { return place(tree.root, false, limits); },
      },
      asked);
}

}  // namespace confab::webhooks
