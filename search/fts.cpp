#include "search/fts.hpp"

#include "search/tokens.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <new>

namespace confab::search {
namespace {

// Neither is in a text (protocol/codec.hpp, `is_clean_text`), nor in a token.
constexpr char tags_mark = '\x01';   // a text of tags, and each tag
constexpr char token_mark = '\x03';  // in an expression: what follows is one token as it is

struct taker {
  void* context;
  int (*give)(void*, int, const char*, int, int, int);
  int code = SQLITE_OK;

  bool operator()(std::string_view token, bool beside) {
    // Offsets serve snippets, of which there are none.
    code = give(context, beside ? FTS5_TOKEN_COLOCATED : 0, token.data(),
                static_cast<int>(token.size()), 0, 0);
    return code == SQLITE_OK;
  }
};

void each_tag(std::string_view tags, taker& take) {
  tags.remove_prefix(1);
  while (!tags.empty()) {
    const auto end = std::min(tags.find(' '), tags.size());
    if (!take(tags_mark + std::string{tags.substr(0, end)}, false)) return;
    tags.remove_prefix(std::min(end + 1, tags.size()));
  }
}

int tokenize(Fts5Tokenizer*, void* context, int /*reason*/, const char* bytes, int count,
             int (*give)(void*, int, const char*, int, int, int)) {
  taker take{context, give};
  const std::string_view text{bytes, static_cast<std::size_t>(count)};
  try {
    if (text.starts_with(token_mark))
      take(text.substr(1), false);
    else if (text.starts_with(tags_mark))
      each_tag(text, take);
    else
      each_token(text, std::ref(take));
  } catch (const std::bad_alloc&) {
    return SQLITE_NOMEM;
  }
  return take.code;
}

int make(void*, const char**, int, Fts5Tokenizer** out) {
  static char nothing_to_keep;
  *out = reinterpret_cast<Fts5Tokenizer*>(&nothing_to_keep);
  return SQLITE_OK;
}
void unmake(Fts5Tokenizer*) {}

std::string quoted(std::string_view token) {
  std::string out{'"', token_mark};
  return out.append(token) += '"';
}

}  // namespace

int register_tokenizer(sqlite3* database) {
  // https://www.sqlite.org/fts5.html#extending_fts5
  fts5_api* api = nullptr;
  sqlite3_stmt* ask = nullptr;
  int code = sqlite3_prepare_v2(database, "select fts5(?1)", -1, &ask, nullptr);
  if (code != SQLITE_OK) return code;
  sqlite3_bind_pointer(ask, 1, &api, "fts5_api_ptr", nullptr);
  sqlite3_step(ask);
  code = sqlite3_finalize(ask);
  if (code != SQLITE_OK) return code;
  if (!api) return SQLITE_ERROR;
  fts5_tokenizer ours{make, unmake, tokenize};
  return api->xCreateTokenizer(api, "confab", nullptr, &ours, nullptr);
}

std::string room_tag(std::int64_t room) { return tags_mark + ("r" + std::to_string(room)); }
std::string author_tag(std::string_view from) { return std::string{tags_mark, 'u'}.append(from); }
std::string attachment_tag() { return {tags_mark, 'a'}; }

std::string tags_of(std::int64_t room, std::string_view from, bool has_attachment) {
  auto tags = room_tag(room) + " u" + std::string{from};
  return has_attachment ? tags + " a" : tags;
}

std::string with_attachment(std::string_view tags, bool has_attachment) {
  if (tags.ends_with(" a")) tags.remove_suffix(2);
  return std::string{tags} + (has_attachment ? " a" : "");
}

std::string expression_of(const std::vector<phrase>& words, const std::vector<std::string>& rooms,
                          const std::vector<std::string>& tags) {
  std::string out;
  const auto also = [&] {
    if (!out.empty()) out += " AND ";
  };
  // The rarest first would be best; FTS5 goes by the first, and a tag is rarer than a word.
  if (!rooms.empty()) {
    also();
    out += "tags:(";
    for (const auto& room : rooms) {
      if (&room != &rooms.front()) out += " OR ";
      out += quoted(room);
    }
    out += ')';
  }
  for (const auto& tag : tags) {
    also();
    out += "tags:" + quoted(tag);
  }
  for (const auto& one : words) {
    also();
    out += "body:";
    for (const auto& token : one.tokens) {
      if (&token != &one.tokens.front()) out += " + ";
      out += quoted(token);
    }
    if (one.is_beginning) out += " *";
  }
  return out;
}

}  // namespace confab::search
