#include "api/service.hpp"

#include "api/auditing.hpp"

#include "protocol/base64url.hpp"
#include "protocol/fields.hpp"
#include "protocol/utf8.hpp"
#include "protocol/whole_number.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

namespace confab::api {
namespace {

constexpr std::size_t key_bytes_max = 256;

std::optional<std::string> decoded(std::string_view text, bool plus_is_space) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      unsigned char byte = 0;
      if (i + 2 >= text.size()) return std::nullopt;
      const auto* const from = text.data() + i + 1;
      if (std::from_chars(from, from + 2, byte, 16).ptr != from + 2) return std::nullopt;
      out += static_cast<char>(byte);
      i += 2;
    }
  }
  if (!utf8::is_valid(out)) return std::nullopt;
  return out;
}

/// A parameter's text as the value that its schema speaks of.
json value_of(std::string_view text, std::string_view schema) {
  if (schema.find(R"("type":"integer")") != schema.npos) {
    if (const auto number = whole_number(text)) return *number;
  } else if (schema.find(R"("type":"boolean")") != schema.npos) {
    if (text == "true" || text == "false") return text == "true";
  }
  return std::string{text};
}

/// Whether a header that may carry parameters says `type`.
bool is_type(std::string_view header, std::string_view type) {
  auto first = header.substr(0, header.find(';'));
  while (first.ends_with(' ')) first.remove_suffix(1);
  return std::ranges::equal(first, type, [](char a, char b) { return (a | 0x20) == (b | 0x20); });
}

/// What a user's token with `admin` may do (API §1).
api_key key_of_admin(const user_id& user) {
  api_key key;
  key.name = "admin:" + user.value();
  for (const auto one : {scope::read, scope::rooms, scope::moderate, scope::users, scope::node})
    key.allow(one);
  return key;
}

/// What a key that is bound to rooms may call without naming one: it is filtered there.
bool filters(const route& row) noexcept {
  return row.path.starts_with("/jobs") || row.path == "/feed" || row.path == "/publish" || row.path == "/broadcast" ||
         row.path == "/search" || row.need == scope::none;
}

/// What an operation holds while it is under way.
std::size_t bytes_of(const rooms::operation& what) {
  auto bytes = sizeof what + what.key.size();
  if (const auto* post = std::get_if<rooms::post_message>(&what.what)) bytes += cost_of(post->what);
  if (const auto* edit = std::get_if<rooms::edit_message>(&what.what)) bytes += cost_of(edit->what);
  if (const auto* set = std::get_if<rooms::set_members>(&what.what))
    bytes += set->change.users.size() * sizeof(user_id);
  if (const auto* gone = std::get_if<rooms::delete_messages>(&what.what))
    bytes += gone->targets.size() * sizeof(seq_no);
  return bytes;
}

problem too_much(std::string_view of, std::chrono::nanoseconds wait) {
  auto why = problem_of(error_code::rate_limited, of);
  why.retry_after = std::chrono::ceil<std::chrono::milliseconds>(wait);
  return why;
}

}  // namespace

// --- the service -------------------------------------------------------------------------------

service::service(backend& with, key_ring keys, service_options how)
    : with_(with),
      how_(std::move(how)),
      schemas_(json::parse(schemas_text())),
      document_(openapi_document(how_.base)),
      keys_(std::make_shared<const key_ring>(std::move(keys))) {
  for (const auto& row : routes()) {
    for (const auto name : words_in(row.query)) parameters_.try_emplace(name);
    for (auto at = row.path.find('{'); at != row.path.npos; at = row.path.find('{', at + 1))
      parameters_.try_emplace(row.path.substr(at + 1, row.path.find('}', at) - at - 1));
  }
  for (auto& [name, node] : parameters_)
    node = schemas_.compile(json::parse(parameter(name).schema));
}

std::shared_ptr<const key_ring> service::keys() const {
  const std::lock_guard lock{border_};
  return keys_;
}

void service::use(key_ring keys) {
  auto fresh = std::make_shared<const key_ring>(std::move(keys));
  const std::lock_guard lock{border_};
  keys_ = std::move(fresh);
}

std::string service::fresh_id() {
  constexpr std::string_view digits = "0123456789abcdefghijklmnopqrstuvwxyz";
  constexpr int length = 8;
  std::string out = "r-";
  auto random = with_.random();
  for (int i = 0; i < length; ++i, random /= digits.size()) out += digits[random % digits.size()];
  return out;
}

std::variant<service::credentials, problem> service::judge_credentials(
    const request_view& request) {
  const auto unauthorized = [](std::string_view why) {
    return problem_of(error_code::unauthorized, why);
  };
  constexpr std::string_view scheme = "bearer ";
  const auto header = request.header("authorization").value_or("");
  const bool is_bearer =
      header.size() > scheme.size() &&
      std::ranges::equal(header.substr(0, scheme.size()), scheme,
                         [](char a, char b) { return (a | 0x20) == (b | 0x20); });
  if (!is_bearer) return unauthorized("a key is needed: Authorization: Bearer ck_…");
  if (!request.confidential())
    return problem_of(error_code::forbidden, "keys are taken over https only");
  const auto key = header.substr(scheme.size());
  const auto address = request.counted_as();
  credentials found;
  found.ring = keys();
  const bool of_ring = key.size() <= key_bytes_max && key.starts_with(key_prefix);
  const auto* const known = of_ring ? found.ring->find(key) : nullptr;
  const bool expired = known && known->expires && *known->expires <= with_.now();
  if (!expired) found.key = known;
  const auto note = [&](std::string_view why, const api_key* whose) {
    with_.key_refused(why, request.peer(), whose ? std::string_view{whose->name} : "");
  };
  // A right key is worth one look-up, whoever else guesses from its address.
  if (!found.key)
    if (const auto wait = with_.wait(price::wrong_keys, address, 1); wait.count() > 0) {
      note("too_many", nullptr);
      return too_much("too many wrong keys from this address", wait);
    }
  if (!of_ring)
    if (const auto admin = with_.admin_of(key)) {
      found.own = std::make_shared<const api_key>(key_of_admin(*admin));
      found.key = found.own.get();
    }
  if (!found.key) {
    with_.charge(price::wrong_keys, address, 1);
    note(expired ? "expired" : "unknown", known);
    return unauthorized("no such key");
  }
  const auto& nets = found.key->nets;
  if (!nets.empty() &&
      std::ranges::none_of(nets, [&](const auto& net) { return with_.is_in(net, request.peer()); })) {
    note("address", found.key);
    return problem_of(error_code::forbidden, "this key may not be used from here");
  }
  return found;
}

std::optional<response> service::refuse_early(const request_view& request) {
  auto judged = judge_credentials(request);
  if (const auto* why = std::get_if<problem>(&judged)) return response_of(*why, fresh_id());
  return std::nullopt;
}

response service::too_large() {
  return response_of(problem_of(error_code::too_long, "a body has at most 1 MiB"), fresh_id());
}

std::optional<problem> service::take_call(const api_key& key) {
  std::chrono::nanoseconds wait{0};
  for (const auto owed : {price::operations, price::rows, price::nodes, price::bytes})
    wait = std::max(wait, with_.wait(owed, key.name, 0));
  if (wait.count() > 0) return too_much("this key has asked for too much", wait);
  wait = with_.take(price::calls, key.name, 1);
  if (wait.count() == 0) return std::nullopt;
  return too_much("too many calls with this key", wait);
}

void service::handle(std::shared_ptr<exchange> to) {
  const auto of = std::make_shared<call>();
  of->chat = &with_;
  of->to = std::move(to);
  of->id = fresh_id();
  const auto& request = of->to->asked();
  auto found = match(request.method(), request.path());
  if (const auto* none = std::get_if<unmatched>(&found)) {
    if (none->other_methods.empty())
      return of->refuse(other_problem(404, "no_such_route", "there is nothing here"));
    auto why = other_problem(405, "method_not_allowed", "only " + none->other_methods);
    why.allow = none->other_methods;
    return of->refuse(why);
  }
  const auto& row = std::get<matched>(found);
  of->row = row.row;
  if (of->row->need != scope::none) {
    auto judged = judge_credentials(request);
    if (const auto* why = std::get_if<problem>(&judged)) return of->refuse(*why);
    auto& who = std::get<credentials>(judged);
    of->ring = std::move(who.ring);
    of->own = std::move(who.own);
    of->key = who.key;
    if (const auto why = take_call(*of->key)) return of->refuse(*why);
    if (of->row->need != scope::any && !of->key->may(of->row->need)) {
      for (const auto& [name, text] : row.parameters)
        if (auto value = decoded(text, false)) of->path.emplace_back(name, *std::move(value));
      refusals_.note(*of);
      return of->refuse(error_code::forbidden,
                        "this key has no scope " + std::string{name(of->row->need)});
    }
  }
  if (const auto why = judge_call(*of, row)) return of->refuse(*why);
  if (of->key) note_answer(of);
  of->row->run(*this, of);
}

/// Path, query, body and whether the key may see the room, in this order.
std::optional<problem> service::judge_call(call& of, const matched& found) {
  auto wrong = problem_of(error_code::bad_request, {});
  const auto judge = [&](std::string_view name, const std::string& at, std::string_view text,
                         auto& into) {
    const auto value = decoded(text, at.front() == '?');
    if (!value) {
      wrong.faults.push_back({at, "is not percent-encoded UTF-8"});
      return;
    }
    for (auto& fault :
         schemas_.judge(*parameters_.at(name), value_of(*value, parameter(name).schema)))
      wrong.faults.push_back({at, std::move(fault.detail)});
    into.emplace_back(name, *value);
  };
  for (const auto& [name, text] : found.parameters)
    judge(name, "{" + std::string{name} + "}", text, of.path);

  const auto known = words_in(found.row->query);
  auto rest = of.to->asked().query();
  while (!rest.empty()) {
    const auto end = std::min(rest.find('&'), rest.size());
    const auto pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (pair.empty()) continue;
    const auto equals = std::min(pair.find('='), pair.size());
    const auto name = pair.substr(0, equals);
    if (!utf8::is_valid(name))
      wrong.faults.push_back({"?", "is not percent-encoded UTF-8"});
    else if (std::ranges::find(known, name) == known.end())
      wrong.faults.push_back({"?" + std::string{name}, "is not known here"});
    else if (of.in_query(name))
      wrong.faults.push_back({"?" + std::string{name}, "is there more than once"});
    else
      judge(name, "?" + std::string{name}, pair.substr(std::min(equals + 1, pair.size())), of.query);
  }
  if (const auto key = of.to->asked().header("idempotency-key")) {
    if (!takes_key(*of.row))
      wrong.faults.push_back({"Idempotency-Key", "is not taken here"});
    else if (of.to->asked().count("idempotency-key") > 1)
      wrong.faults.push_back({"Idempotency-Key", "is there more than once"});
    else if (key->empty() || key->size() > limits::key_bytes_max || !is_clean_text(*key, false))
      wrong.faults.push_back({"Idempotency-Key", "1..64 bytes without control characters"});
    of.idempotency_key = *key;
  }
  if (auto why = judge_body(of)) {
    if (why->faults.empty()) return why;
    for (auto& fault : why->faults) wrong.faults.push_back(std::move(fault));
  }
  if (!wrong.faults.empty()) return wrong;

  if (!of.key) return std::nullopt;
  if (!of.in_path("room").empty()) {
    if (!of.key->sees(of.room()))
      return problem_of(error_code::no_such_room, "no such room");
  } else if (!of.key->sees_all() && !filters(*of.row) && of.in_path("from").empty()) {
    return problem_of(error_code::forbidden, "this key is for some rooms only");
  }
  const bool speaks = of.in_body("from") || of.in_query("from") || !of.in_path("from").empty() ||
                      of.row->need == scope::publish || of.row->need == scope::rooms ||
                      of.row->need == scope::moderate;
  if (speaks && of.row->body != "PublishBody" && of.row->body != "BroadcastBody" &&
      of.row->body != "DeleteBody" && of.row->method != "GET" && !of.key->speaks_for(of.from()))
    return problem_of(error_code::forbidden, "this key does not speak for " + of.from().value());
  return std::nullopt;
}

std::optional<problem> service::judge_body(call& of) {
  const auto& request = of.to->asked();
  const auto text = request.body();
  if (of.row->body.empty()) {
    if (text.empty()) return std::nullopt;
    return bad_request("/", "there is to be no body");
  }
  const auto type = request.header("content-type");
  if (!text.empty() && type && !is_type(*type, "application/json"))
    return other_problem(415, "unsupported_media_type", "bodies are application/json");
  auto tree = read_json(text.empty() ? "{}" : text, body_nodes_max);
  with_.charge(price::nodes, of.key->name, static_cast<double>(tree.nodes));
  if (!tree.well_formed) return bad_request("/", "is no JSON");
  if (tree.fault) {
    if (tree.nodes >= body_nodes_max)
      return problem_of(error_code::too_long, "a body has at most 50,000 values");
    return bad_request("/", std::string{*tree.fault});
  }
  of.body = std::move(tree.root);
  auto faults = schemas_.judge(of.row->body, of.body);
  if (faults.empty()) return std::nullopt;
  auto why = problem_of(error_code::bad_request, {});
  why.faults = std::move(faults);
  return why;
}

// --- for handlers ------------------------------------------------------------------------------

rooms::principal service::principal_of(const call& of, const user_id& from, bool as_user) const {
  rooms::principal by;
  by.user = from;
  by.joined = true;
  if (as_user && from != rooms::server_user) {
    by.as = from.view().starts_with(guest_prefix) ? rooms::principal::kind::guest
                                                  : rooms::principal::kind::user;
    return by;
  }
  by.as = rooms::principal::kind::api_key;
  by.api_key = of.key->name;
  return by;
}

service::place service::reserve(const call_ptr& of, const std::vector<rooms::operation>& what) {
  const auto count = what.size();
  std::size_t bytes = 0;
  for (const auto& one : what) bytes += bytes_of(one);
  const bool held = with_.hold(bytes);
  place out{this, [this, count, bytes, held](void*) {
              operations_ -= count;
              bytes_ -= bytes;
              if (held) with_.let_go(bytes);
            }};
  const bool too_many = operations_.fetch_add(count) + count > operations_in_flight_max;
  const bool too_large = bytes_.fetch_add(bytes) + bytes > operation_bytes_in_flight_max;
  if (!too_many && !too_large && held) return out;
  of->refuse(error_code::unavailable, "too much is under way: try again");
  return nullptr;
}

void service::submit(const call_ptr& of, place in, std::vector<rooms::operation> what,
                     std::function<void(std::vector<rooms::brief>)> then) {
  const auto count = static_cast<double>(what.size());
  with_.charge(price::operations, of->key->name, count);
  with_.submit(std::move(what), [this, of, count, in = std::move(in),
                                 then = std::move(then)](auto outcomes) mutable {
    double weight = 0;
    for (const auto& one : outcomes)
      if (const auto* kept = std::get_if<rooms::kept>(&one)) weight += static_cast<double>(kept->weight);
    if (weight > count) with_.charge(price::operations, of->key->name, weight - count);
    in.reset();
    then(std::move(outcomes));
  });
}

void service::submit(const call_ptr& of, std::vector<rooms::operation> what,
                     std::function<void(std::vector<rooms::brief>)> then) {
  if (what.empty()) return then({});
  if (auto in = reserve(of, what)) submit(of, std::move(in), std::move(what), std::move(then));
}

service::place service::hold(const call& of) {
  constexpr std::size_t each = 2'048, tree_of_a_byte = 8;  // "[0,0,…" is the worst
  const auto bytes = each + of.to->asked().body().size() * (1 + tree_of_a_byte);
  if (!with_.hold(bytes)) return nullptr;
  return {this, [this, bytes](void*) { with_.let_go(bytes); }};
}

void service::read(const call_ptr& of, std::string_view about,
                   std::function<void(journal::reader&)> job) {
  const auto known = words_in(of->row->query);
  const bool is_page = std::ranges::find(known, "limit") != known.end();
  with_.charge(price::rows, of->key->name, is_page ? static_cast<double>(of->limit()) : 1);
  auto in = hold(*of);
  if (!in) return of->refuse(error_code::unavailable, "too much is under way: try again");
  with_.read(of->key->name, about, [to = of->to] { return !to->over(); },
             [of, in = std::move(in), job = std::move(job)](journal::reader* from) {
               if (!from) return of->refuse(error_code::unavailable, "too many reads of this key wait");
               job(*from);
             });
}

std::string service::cursor_of(char kind, std::string_view at) const {
  return base64url_encoded(std::string{with_.log_name()} + kind + std::string{at});
}

std::variant<std::string, problem> service::place_in(const call& of, char kind) const {
  const auto* text = of.in_query("cursor");
  if (!text) return std::string{};
  const auto wrong = [] { return bad_request("?cursor", "must be the next of an earlier page"); };
  const auto bytes = base64url_decoded(*text);
  const auto log = with_.log_name();
  if (!bytes || bytes->size() <= log.size()) return wrong();
  if (!bytes->starts_with(log)) return other_problem(410, "gone", "this is a place in another log");
  if ((*bytes)[log.size()] != kind || !utf8::is_valid(*bytes)) return wrong();
  return bytes->substr(log.size() + 1);
}

bool service::take_stream(const std::string& key) {
  const std::lock_guard lock{border_};
  auto& open = streams_[key];
  if (open == streams_max) return false;
  ++open;
  return true;
}

void service::give_stream(const std::string& key) {
  const std::lock_guard lock{border_};
  if (const auto at = streams_.find(key); --at->second == 0) streams_.erase(at);
}

}  // namespace confab::api
