#include "api/routes.hpp"
#include "protocol/entry.hpp"

#include <variant>

/// The components of the OpenAPI document: what bodies are judged by, and what answers are like.
namespace confab::api {

static_assert(std::variant_size_v<entry_body> == 11, "a new kind of entry is described in `Entry`");

std::string_view schemas_text() noexcept {
  return R"json({
"UserId": {"type": "string", "format": "user-id", "maxLength": 128},
"Author": {"type": "string", "format": "user-id-or-server", "maxLength": 128, "description": "A user's id, or @server for what nobody says."},
"RoomId": {"type": "string", "format": "room-id", "maxLength": 64},
"Seq": {"type": "integer", "minimum": 0, "maximum": 9007199254740991},
"Time": {"type": "integer", "minimum": 0, "maximum": 9007199254740991, "description": "Milliseconds since the Unix epoch."},
"Key": {"type": "string", "minLength": 1, "maxLength": 64},
"Reason": {"type": "string", "maxLength": 256},
"Role": {"type": "string", "enum": ["reader", "member", "moderator", "owner"]},
"As": {"type": "string", "enum": ["key", "user"], "default": "key", "description": "user: judged exactly as if the author had sent it."},
"Data": {"description": "Any JSON value of the application's own, at most 10 KiB."},
"Mentions": {"type": "array", "maxItems": 51, "items": {"type": "string", "format": "user-id-or-room"}},
"Place": {"type": "object", "additionalProperties": false, "properties": {
  "url": {"type": "string", "minLength": 1, "maxLength": 2048}, "ref": {"type": "string", "minLength": 1, "maxLength": 256}}},
"Attachment": {"type": "object", "additionalProperties": false, "properties": {
  "url": {"type": "string", "minLength": 1, "maxLength": 2048}, "ref": {"type": "string", "minLength": 1, "maxLength": 256},
  "mime": {"type": "string", "minLength": 1, "maxLength": 128}, "name": {"type": "string", "maxLength": 128},
  "bytes": {"$ref": "#/components/schemas/Seq"}, "width": {"$ref": "#/components/schemas/Seq"},
  "height": {"$ref": "#/components/schemas/Seq"}, "ms": {"$ref": "#/components/schemas/Seq"},
  "thumb": {"$ref": "#/components/schemas/Place"}}},
"Attachments": {"type": "array", "maxItems": 10, "items": {"$ref": "#/components/schemas/Attachment"}},
"MessageBody": {"type": "object", "additionalProperties": false, "required": ["from"], "properties": {
  "from": {"$ref": "#/components/schemas/Author"}, "as": {"$ref": "#/components/schemas/As"},
  "text": {"type": "string"}, "data": {"$ref": "#/components/schemas/Data"},
  "mentions": {"$ref": "#/components/schemas/Mentions"}, "attachments": {"$ref": "#/components/schemas/Attachments"},
  "reply_to": {"$ref": "#/components/schemas/Seq"}, "thread": {"$ref": "#/components/schemas/Seq"},
  "quiet": {"type": "boolean"}, "event": {"type": "string", "minLength": 1, "maxLength": 200}}},
"DirectBody": {"type": "object", "additionalProperties": false, "properties": {
  "as": {"$ref": "#/components/schemas/As"},
  "text": {"type": "string"}, "data": {"$ref": "#/components/schemas/Data"},
  "mentions": {"$ref": "#/components/schemas/Mentions"}, "attachments": {"$ref": "#/components/schemas/Attachments"},
  "reply_to": {"$ref": "#/components/schemas/Seq"}, "thread": {"$ref": "#/components/schemas/Seq"},
  "quiet": {"type": "boolean"}, "event": {"type": "string", "minLength": 1, "maxLength": 200}}},
"EditBody": {"type": "object", "additionalProperties": false, "minProperties": 1, "properties": {
  "from": {"$ref": "#/components/schemas/Author"}, "as": {"$ref": "#/components/schemas/As"},
  "text": {"type": "string"}, "data": {"$ref": "#/components/schemas/Data"},
  "mentions": {"$ref": "#/components/schemas/Mentions"}, "attachments": {"$ref": "#/components/schemas/Attachments"}}},
"DeleteBody": {"type": "object", "additionalProperties": false, "properties": {
  "targets": {"type": "array", "minItems": 1, "maxItems": 1000, "items": {"$ref": "#/components/schemas/Seq"}},
  "from": {"$ref": "#/components/schemas/UserId"}, "since_at": {"$ref": "#/components/schemas/Time"},
  "reason": {"$ref": "#/components/schemas/Reason"}}},
"PublishItem": {"type": "object", "additionalProperties": false, "required": ["from"], "properties": {
  "room": {"$ref": "#/components/schemas/RoomId"}, "to": {"$ref": "#/components/schemas/UserId"}, "key": {"$ref": "#/components/schemas/Key"},
  "from": {"$ref": "#/components/schemas/Author"}, "as": {"$ref": "#/components/schemas/As"},
  "text": {"type": "string"}, "data": {"$ref": "#/components/schemas/Data"},
  "mentions": {"$ref": "#/components/schemas/Mentions"}, "attachments": {"$ref": "#/components/schemas/Attachments"},
  "reply_to": {"$ref": "#/components/schemas/Seq"}, "thread": {"$ref": "#/components/schemas/Seq"},
  "quiet": {"type": "boolean"}, "event": {"type": "string", "minLength": 1, "maxLength": 200}}},
"PublishBody": {"type": "object", "additionalProperties": false, "required": ["items"], "properties": {
  "items": {"type": "array", "minItems": 1, "maxItems": 1000, "items": {"$ref": "#/components/schemas/PublishItem"}}}},
"BroadcastBody": {"type": "object", "additionalProperties": false, "required": ["message"], "properties": {
  "rooms": {"type": "array", "minItems": 1, "maxItems": 1000, "items": {"$ref": "#/components/schemas/RoomId"}},
  "users": {"type": "array", "minItems": 1, "maxItems": 1000, "items": {"$ref": "#/components/schemas/UserId"}},
  "key": {"$ref": "#/components/schemas/Key"}, "message": {"$ref": "#/components/schemas/MessageBody"}}},
"SignalBody": {"type": "object", "additionalProperties": false, "required": ["users", "from", "data"], "properties": {
  "users": {"type": "array", "minItems": 1, "maxItems": 1000, "items": {"$ref": "#/components/schemas/UserId"}},
  "from": {"$ref": "#/components/schemas/Author"}, "data": {"$ref": "#/components/schemas/Data"}}},
"Signalled": {"type": "object", "additionalProperties": false, "required": ["sessions"], "properties": {
  "sessions": {"type": "object", "additionalProperties": {"type": "integer"}}}},
"Stored": {"type": "object", "additionalProperties": false, "required": ["room"], "properties": {
  "room": {"$ref": "#/components/schemas/RoomId"}, "seq": {"$ref": "#/components/schemas/Seq"}, "at": {"$ref": "#/components/schemas/Time"},
  "durability": {"type": "string", "enum": ["memory", "disk", "majority_disk"]}, "duplicate": {"type": "boolean"},
  "unreached": {"$ref": "#/components/schemas/Mentions"}}},
"Results": {"type": "object", "additionalProperties": false, "required": ["results"], "properties": {
  "results": {"type": "array", "items": {"$ref": "#/components/schemas/Result"}}}},
"Result": {"type": "object", "additionalProperties": false, "required": ["status"], "properties": {
  "status": {"type": "integer"}, "room": {"$ref": "#/components/schemas/RoomId"}, "user": {"$ref": "#/components/schemas/UserId"},
  "seq": {"$ref": "#/components/schemas/Seq"}, "at": {"$ref": "#/components/schemas/Time"},
  "durability": {"type": "string", "enum": ["memory", "disk", "majority_disk"]}, "duplicate": {"type": "boolean"},
  "unreached": {"$ref": "#/components/schemas/Mentions"}, "code": {"type": "string"}, "detail": {"type": "string"},
  "retry": {"type": "boolean"}, "retry_after_ms": {"type": "integer"}, "until": {"$ref": "#/components/schemas/Time"}, "reason": {"$ref": "#/components/schemas/Reason"}, "limit": {"type": "integer"},
  "data": {"$ref": "#/components/schemas/Data"}}},
"DeletedMany": {"type": "object", "additionalProperties": false, "required": ["deleted", "more"], "properties": {
  "deleted": {"type": "integer"}, "more": {"type": "boolean"}}},
"Reaction": {"type": "object", "additionalProperties": false, "required": ["count", "users"], "properties": {
  "count": {"type": "integer"}, "users": {"type": "array", "items": {"$ref": "#/components/schemas/UserId"}}}},
"Message": {"type": "object", "additionalProperties": false, "required": ["type", "room", "seq", "at", "from"], "properties": {
  "type": {"type": "string", "enum": ["message"]}, "room": {"$ref": "#/components/schemas/RoomId"},
  "seq": {"$ref": "#/components/schemas/Seq"}, "at": {"$ref": "#/components/schemas/Time"}, "from": {"$ref": "#/components/schemas/Author"},
  "key": {"type": "string"}, "text": {"type": "string"}, "data": {"$ref": "#/components/schemas/Data"},
  "reply_to": {"$ref": "#/components/schemas/Seq"}, "thread": {"$ref": "#/components/schemas/Seq"},
  "mentions": {"$ref": "#/components/schemas/Mentions"}, "attachments": {"$ref": "#/components/schemas/Attachments"},
  "quiet": {"type": "boolean"}, "event": {"type": "string"}, "edited_at": {"$ref": "#/components/schemas/Time"},
  "edited_by": {"$ref": "#/components/schemas/Author"}, "deleted": {"type": "boolean"}, "deleted_by": {"$ref": "#/components/schemas/Author"},
  "reason": {"type": "string"}, "replies": {"type": "integer"}, "last_reply": {"$ref": "#/components/schemas/Seq"},
  "last_reply_at": {"$ref": "#/components/schemas/Time"},
  "reactions": {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Reaction"}}}},
"Messages": {"type": "object", "additionalProperties": false, "required": ["items"], "properties": {
  "items": {"type": "array", "items": {"$ref": "#/components/schemas/Message"}}, "next": {"type": "string"}}},
"Entry": {"type": "object", "additionalProperties": false, "required": ["type", "room", "seq", "at", "from"], "properties": {
  "type": {"type": "string", "enum": ["message", "edited", "deleted", "reacted", "member_set", "room_set", "pinned", "trimmed", "erased", "recorded", "user_set"],
    "description": "recorded and user_set are of the server's own log, and come by webhooks alone."},
  "room": {"type": "string", "maxLength": 64, "description": "A room's id; @server is the server's own log."}, "seq": {"$ref": "#/components/schemas/Seq"}, "at": {"$ref": "#/components/schemas/Time"},
  "from": {"$ref": "#/components/schemas/Author"}, "key": {"type": "string"}, "text": {"type": "string"},
  "data": {"$ref": "#/components/schemas/Data"}, "reply_to": {"$ref": "#/components/schemas/Seq"}, "thread": {"$ref": "#/components/schemas/Seq"},
  "mentions": {"$ref": "#/components/schemas/Mentions"}, "attachments": {"$ref": "#/components/schemas/Attachments"},
  "quiet": {"type": "boolean"}, "event": {"type": "string"}, "unchecked": {"type": "boolean"}, "deleted": {"type": "boolean"},
  "target": {"$ref": "#/components/schemas/Seq"}, "reason": {"type": "string"}, "emoji": {"type": "string"}, "on": {"type": "boolean"},
  "users": {"type": "array", "items": {"$ref": "#/components/schemas/UserId"}},
  "state": {"type": "string", "enum": ["invited", "member", "left", "removed", "banned", "unbanned"]},
  "role": {"$ref": "#/components/schemas/Role"}, "until": {"$ref": "#/components/schemas/Time"}, "mute_until": {"$ref": "#/components/schemas/Time"},
  "title": {"type": "string"}, "topic": {"type": "string"}, "visibility": {"type": "string"}, "visitors": {"type": "string"},
  "posting": {"type": "string"}, "inviting": {"type": "string"}, "slow_ms": {"type": "integer"}, "archived": {"type": "boolean"},
  "history": {"type": "string"}, "retention_ms": {"type": "integer"}, "receipts": {"type": "boolean"},
  "upto": {"$ref": "#/components/schemas/Seq"}, "user": {"$ref": "#/components/schemas/UserId"}, "as": {"$ref": "#/components/schemas/UserId"}, "name": {"type": "string"}}},
"Entries": {"type": "object", "additionalProperties": false, "required": ["items", "head"], "properties": {
  "items": {"type": "array", "items": {"$ref": "#/components/schemas/Entry"}}, "head": {"$ref": "#/components/schemas/Seq"}, "next": {"type": "string"}}},
"SearchBody": {"type": "object", "additionalProperties": false, "required": ["query"], "properties": {
  "query": {"type": "string", "minLength": 1, "maxLength": 256, "description": "1..20 words."},
  "rooms": {"type": "array", "minItems": 1, "maxItems": 100, "items": {"$ref": "#/components/schemas/RoomId"}, "description": "Left out: all that the key sees."},
  "from": {"$ref": "#/components/schemas/UserId"}, "after_at": {"$ref": "#/components/schemas/Time"}, "before_at": {"$ref": "#/components/schemas/Time"},
  "has": {"type": "string", "enum": ["attachment"]}, "limit": {"type": "integer", "minimum": 1, "maximum": 100, "default": 20},
  "after": {"type": "string", "maxLength": 128, "description": "The next of the page before."}}},
"UserName": {"type": "object", "additionalProperties": false, "required": ["id", "name"], "properties": {
  "id": {"$ref": "#/components/schemas/UserId"}, "name": {"type": "string"}}},
"Hit": {"type": "object", "additionalProperties": false, "required": ["room", "message"], "properties": {
  "room": {"$ref": "#/components/schemas/RoomId"}, "message": {"$ref": "#/components/schemas/Message"}}},
"Found": {"type": "object", "additionalProperties": false, "required": ["hits", "upto_at"], "properties": {
  "hits": {"type": "array", "items": {"$ref": "#/components/schemas/Hit"}}, "users": {"type": "array", "items": {"$ref": "#/components/schemas/UserName"}, "description": "Authors that have a name."},
  "next": {"type": "string"}, "upto_at": {"type": "integer", "description": "What is younger may be missing."}}},
"FeedItem": {"type": "object", "additionalProperties": false, "required": ["pos", "room", "entry"], "properties": {
  "pos": {"$ref": "#/components/schemas/Seq"}, "room": {"$ref": "#/components/schemas/RoomId"},
  "by": {"type": "string", "description": "The name of the key that asked for it, of what the API did."}, "entry": {"$ref": "#/components/schemas/Entry"},
  "next": {"type": "string", "description": "Of a line: the cursor behind it."}}},
"Feed": {"type": "object", "additionalProperties": false, "required": ["items", "next"], "properties": {
  "items": {"type": "array", "items": {"$ref": "#/components/schemas/FeedItem"}}, "next": {"type": "string"}}},
"Settings": {"type": "object", "additionalProperties": false, "properties": {
  "title": {"type": "string"}, "topic": {"type": "string"}, "data": {"type": "object"},
  "visibility": {"type": "string", "enum": ["public", "invite", "private"]}, "visitors": {"type": "string", "enum": ["write", "read", "none"]},
  "posting": {"type": "string", "enum": ["all", "threads", "moderators"]}, "inviting": {"type": "string", "enum": ["members", "moderators"]},
  "slow_ms": {"type": "integer", "minimum": 0, "maximum": 21600000}, "archived": {"type": "boolean"},
  "history": {"type": "string", "enum": ["all", "own"]}, "retention_ms": {"type": "integer", "minimum": 0, "maximum": 9007199254740991},
  "receipts": {"type": "boolean"}}},
"RoomBody": {"type": "object", "additionalProperties": false, "properties": {
  "owner": {"$ref": "#/components/schemas/UserId"},
  "title": {"type": "string", "minLength": 1, "maxLength": 128}, "topic": {"type": "string", "maxLength": 1024}, "data": {"type": "object"},
  "visibility": {"type": "string", "enum": ["public", "invite", "private"]}, "visitors": {"type": "string", "enum": ["write", "read", "none"]},
  "posting": {"type": "string", "enum": ["all", "threads", "moderators"]}, "inviting": {"type": "string", "enum": ["members", "moderators"]},
  "slow_ms": {"type": "integer", "minimum": 0, "maximum": 21600000}, "archived": {"type": "boolean"},
  "history": {"type": "string", "enum": ["all", "own"]}, "retention_ms": {"type": "integer", "minimum": 0, "maximum": 9007199254740991},
  "receipts": {"type": "boolean"}}},
"RoomPatch": {"type": "object", "additionalProperties": false, "minProperties": 1, "description": "null: back to the default.", "properties": {
  "title": {"type": ["string", "null"], "minLength": 1, "maxLength": 128}, "topic": {"type": ["string", "null"], "maxLength": 1024}, "data": {"type": ["object", "null"]},
  "visibility": {"type": ["string", "null"], "enum": ["public", "invite", "private", null]}, "visitors": {"type": ["string", "null"], "enum": ["write", "read", "none", null]},
  "posting": {"type": ["string", "null"], "enum": ["all", "threads", "moderators", null]}, "inviting": {"type": ["string", "null"], "enum": ["members", "moderators", null]},
  "slow_ms": {"type": ["integer", "null"], "minimum": 0, "maximum": 21600000}, "archived": {"type": ["boolean", "null"]},
  "history": {"type": ["string", "null"], "enum": ["all", "own", null]}, "retention_ms": {"type": ["integer", "null"], "minimum": 0, "maximum": 9007199254740991},
  "receipts": {"type": ["boolean", "null"]}}},
"Room": {"type": "object", "additionalProperties": false, "required": ["room", "title", "settings", "count", "head", "at", "oldest", "epoch"], "properties": {
  "room": {"$ref": "#/components/schemas/RoomId"}, "title": {"type": "string"}, "settings": {"$ref": "#/components/schemas/Settings"},
  "count": {"type": "integer", "description": "Members."}, "head": {"$ref": "#/components/schemas/Seq"}, "at": {"$ref": "#/components/schemas/Time"},
  "oldest": {"$ref": "#/components/schemas/Seq"}, "epoch": {"type": "string"}, "pins": {"type": "array", "items": {"$ref": "#/components/schemas/Seq"}},
  "online": {"type": "integer"}, "users": {"type": "array", "items": {"$ref": "#/components/schemas/UserId"}, "description": "Of a direct room."}}},
"Rooms": {"type": "object", "additionalProperties": false, "required": ["items"], "properties": {
  "items": {"type": "array", "items": {"$ref": "#/components/schemas/Room"}}, "next": {"type": "string"}}},
"TrimBody": {"type": "object", "additionalProperties": false, "minProperties": 1, "properties": {
  "upto": {"type": "integer", "minimum": 1, "maximum": 9007199254740991}, "before_at": {"$ref": "#/components/schemas/Time"}}},
"Trimmed": {"type": "object", "additionalProperties": false, "required": ["oldest"], "properties": {
  "oldest": {"$ref": "#/components/schemas/Seq"}, "more": {"type": "boolean", "description": "There was too much for one call: call again."}}},
"Member": {"type": "object", "additionalProperties": false, "required": ["id", "state"], "properties": {
  "id": {"$ref": "#/components/schemas/UserId"}, "name": {"type": "string"}, "state": {"type": "string", "enum": ["invited", "member", "banned"]},
  "role": {"$ref": "#/components/schemas/Role"}, "since": {"$ref": "#/components/schemas/Seq"}, "until": {"$ref": "#/components/schemas/Time"},
  "mute_until": {"$ref": "#/components/schemas/Time"}, "by": {"$ref": "#/components/schemas/Author"}, "reason": {"type": "string"},
  "read": {"$ref": "#/components/schemas/Seq"}}},
"Members": {"type": "object", "additionalProperties": false, "required": ["items"], "properties": {
  "items": {"type": "array", "items": {"$ref": "#/components/schemas/Member"}}, "next": {"type": "string"}}},
"MembersBody": {"type": "object", "additionalProperties": false, "required": ["users"], "properties": {
  "users": {"type": "array", "minItems": 1, "maxItems": 1000, "items": {"$ref": "#/components/schemas/UserId"}},
  "state": {"type": "string", "enum": ["invited", "member", "removed", "banned", "unbanned"]}, "role": {"$ref": "#/components/schemas/Role"},
  "until": {"$ref": "#/components/schemas/Time"}, "mute_until": {"$ref": "#/components/schemas/Time"}, "reason": {"$ref": "#/components/schemas/Reason"},
  "from": {"$ref": "#/components/schemas/Author"}, "delete_ms": {"type": "integer", "minimum": 0, "maximum": 9007199254740991}}},
"MemberBody": {"type": "object", "additionalProperties": false, "properties": {
  "role": {"$ref": "#/components/schemas/Role"}, "from": {"$ref": "#/components/schemas/Author"}}},
"Changed": {"type": "object", "additionalProperties": false, "required": ["changed", "skipped"], "properties": {
  "changed": {"type": "array", "items": {"$ref": "#/components/schemas/UserId"}},
  "skipped": {"type": "object", "additionalProperties": {"type": "string"}, "description": "Why each of the others was left as it is: a code, or already."},
  "seq": {"$ref": "#/components/schemas/Seq"}, "deleted": {"type": "integer"}}},
"User": {"type": "object", "additionalProperties": false, "required": ["user", "name"], "properties": {
  "user": {"$ref": "#/components/schemas/UserId"}, "name": {"type": "string"}, "data": {"type": "object"}, "deactivated": {"type": "boolean"}}},
"Users": {"type": "object", "additionalProperties": false, "required": ["items"], "properties": {
  "items": {"type": "array", "items": {"$ref": "#/components/schemas/User"}}, "next": {"type": "string"}}},
"RevokeBody": {"type": "object", "additionalProperties": false, "properties": {
  "before": {"type": "integer", "minimum": 0, "maximum": 9007199254740991, "description": "Tokens that were made before; now unless said."}}},
"InboxLast": {"type": "object", "additionalProperties": false, "required": ["seq", "at", "from"], "properties": {
  "seq": {"$ref": "#/components/schemas/Seq"}, "at": {"$ref": "#/components/schemas/Time"}, "from": {"$ref": "#/components/schemas/Author"},
  "text": {"type": "string", "description": "Its beginning."}, "attachments": {"type": "integer"}}},
"InboxRow": {"type": "object", "additionalProperties": false, "required": ["room"], "properties": {
  "room": {"$ref": "#/components/schemas/RoomId"}, "title": {"type": "string"}, "with": {"$ref": "#/components/schemas/UserId"},
  "state": {"type": "string", "enum": ["member", "invited"]}, "role": {"$ref": "#/components/schemas/Role"}, "by": {"$ref": "#/components/schemas/Author"},
  "until": {"$ref": "#/components/schemas/Time"}, "head": {"$ref": "#/components/schemas/Seq"}, "at": {"$ref": "#/components/schemas/Time"},
  "read": {"$ref": "#/components/schemas/Seq"}, "unread": {"type": "integer"}, "mentions": {"type": "integer"},
  "last": {"$ref": "#/components/schemas/InboxLast"}, "own": {"$ref": "#/components/schemas/Own"}}},
"UserRooms": {"type": "object", "additionalProperties": false, "required": ["items"], "properties": {
  "items": {"type": "array", "items": {"$ref": "#/components/schemas/InboxRow"}}, "next": {"type": "string"}}},
"Totals": {"type": "object", "additionalProperties": false, "required": ["rooms", "unread", "mentions"], "properties": {
  "rooms": {"type": "integer", "description": "In which something is unread."}, "unread": {"type": "integer"}, "mentions": {"type": "integer"}}},
"ReadBody": {"type": "object", "additionalProperties": false, "required": ["seq"], "properties": {"seq": {"$ref": "#/components/schemas/Seq"}}},
"Counts": {"type": "object", "additionalProperties": false, "required": ["read", "unread", "mentions"], "properties": {
  "read": {"$ref": "#/components/schemas/Seq"}, "unread": {"type": "integer"}, "mentions": {"type": "integer"}}},
"UserBody": {"type": "object", "additionalProperties": false, "properties": {
  "name": {"type": "string", "minLength": 1, "maxLength": 128}, "data": {"type": "object"}}},
"UserPatch": {"type": "object", "additionalProperties": false, "minProperties": 1, "properties": {
  "name": {"type": ["string", "null"], "minLength": 1, "maxLength": 128}, "data": {"type": ["object", "null"]}}},
"UsersItem": {"type": "object", "additionalProperties": false, "required": ["user"], "properties": {
  "user": {"$ref": "#/components/schemas/UserId"}, "name": {"type": "string", "minLength": 1, "maxLength": 128}, "data": {"type": "object"}}},
"UsersBody": {"type": "object", "additionalProperties": false, "required": ["users"], "properties": {
  "users": {"type": "array", "minItems": 1, "maxItems": 1000, "items": {"$ref": "#/components/schemas/UsersItem"}}}},
"Session": {"type": "object", "additionalProperties": false, "required": ["session", "active", "node"], "properties": {
  "session": {"type": "string"}, "device": {"type": "string"}, "active": {"type": "boolean", "description": "The user looks at it."}, "node": {"type": "string"}}},
"Sessions": {"type": "object", "additionalProperties": false, "required": ["items"], "properties": {
  "items": {"type": "array", "items": {"$ref": "#/components/schemas/Session"}}}},
"DisconnectBody": {"type": "object", "additionalProperties": false, "properties": {
  "session": {"type": "string", "maxLength": 64}, "device": {"type": "string", "maxLength": 64}, "stay_away": {"type": "boolean"},
  "reason": {"type": "string", "maxLength": 100}}},
"Disconnected": {"type": "object", "additionalProperties": false, "required": ["sessions"], "properties": {"sessions": {"type": "integer"}}},
"TokenBody": {"type": "object", "additionalProperties": false, "required": ["user", "ttl_ms"], "properties": {
  "user": {"$ref": "#/components/schemas/UserId"}, "ttl_ms": {"type": "integer", "minimum": 1000, "maximum": 315360000000},
  "name": {"type": "string", "minLength": 1, "maxLength": 128},
  "rooms": {"type": "array", "maxItems": 100, "items": {"type": "string", "minLength": 1, "maxLength": 64}},
  "roles": {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Role"}}}},
"Token": {"type": "object", "additionalProperties": false, "required": ["token", "expires_at"], "properties": {
  "token": {"type": "string"}, "expires_at": {"$ref": "#/components/schemas/Time"}}},
"RoomPresence": {"type": "object", "additionalProperties": false, "required": ["online", "users"], "properties": {
  "online": {"type": "integer"}, "users": {"type": "array", "items": {"$ref": "#/components/schemas/UserId"}}}},
"PresenceBody": {"type": "object", "additionalProperties": false, "required": ["users"], "properties": {
  "users": {"type": "array", "minItems": 1, "maxItems": 1000, "items": {"$ref": "#/components/schemas/UserId"}}}},
"Online": {"type": "object", "additionalProperties": false, "required": ["sessions", "active"], "properties": {
  "sessions": {"type": "integer"}, "active": {"type": "integer", "description": "Of these, those that the user looks at."}}},
"Presence": {"type": "object", "additionalProperties": false, "required": ["online"], "properties": {
  "online": {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Online"}}}},
"Report": {"type": "object", "additionalProperties": false, "required": ["id", "at", "room", "target", "by", "state"], "properties": {
  "id": {"$ref": "#/components/schemas/Seq"}, "at": {"$ref": "#/components/schemas/Time"}, "room": {"$ref": "#/components/schemas/RoomId"},
  "target": {"$ref": "#/components/schemas/Seq"}, "by": {"$ref": "#/components/schemas/UserId"}, "reason": {"type": "string"},
  "state": {"type": "string", "enum": ["open", "closed"]}}},
"Reports": {"type": "object", "additionalProperties": false, "required": ["items"], "properties": {
  "items": {"type": "array", "items": {"$ref": "#/components/schemas/Report"}}, "next": {"type": "string"}}},
"Stats": {"type": "object", "additionalProperties": false, "required": ["users", "sessions", "connections", "rooms_awake", "webhooks", "ready"], "properties": {
  "users": {"type": "integer"}, "sessions": {"type": "integer"}, "connections": {"type": "integer"}, "rooms_awake": {"type": "integer"},
  "entries_at": {"$ref": "#/components/schemas/Seq"}, "database_bytes": {"type": "integer"}, "ready": {"type": "boolean"},
  "search_behind_ms": {"type": "integer", "description": "For how long the search index has not had all there is."},
  "webhooks": {"type": "array", "items": {"$ref": "#/components/schemas/WebhookNumbers"}}}},
"WebhookNumbers": {"type": "object", "additionalProperties": false, "required": ["id", "paused", "dead"], "properties": {
  "id": {"type": "string"}, "paused": {"type": "boolean"}, "dead": {"type": "integer"},
  "oldest_at": {"type": "integer", "description": "Of what it was not told yet."}}},
"Node": {"type": "object", "additionalProperties": false, "required": ["node", "version", "ready", "up_ms"], "properties": {
  "node": {"type": "string"}, "version": {"type": "string"}, "ready": {"type": "boolean"}, "why": {"type": "string"}, "up_ms": {"type": "integer"}}},
"WebhookBody": {"type": "object", "additionalProperties": false, "required": ["url"], "properties": {
  "url": {"type": "string", "format": "webhook-url", "maxLength": 2048},
  "events": {"type": "array", "maxItems": 100, "items": {"type": "string", "format": "event-pattern"}, "description": "As message.created, or message.*; left out: all that are of entries."},
  "rooms": {"type": "array", "maxItems": 100, "items": {"type": "string", "minLength": 1, "maxLength": 64, "format": "room-pattern"}, "description": "As team-*; left out: all but direct ones, which need dm:*."},
  "batch": {"type": "integer", "minimum": 1, "maximum": 100, "default": 1}, "timeout_ms": {"type": "integer", "minimum": 1000, "maximum": 30000, "default": 10000},
  "payload": {"type": "string", "enum": ["full", "thin"], "default": "full"}}},
"Attempt": {"type": "object", "additionalProperties": false, "required": ["at", "id", "ms"], "properties": {
  "at": {"$ref": "#/components/schemas/Time"}, "id": {"type": "string"}, "status": {"type": "integer"}, "error": {"type": "string"},
  "answer": {"type": "string"}, "ms": {"type": "integer"}}},
"Attempted": {"type": "object", "additionalProperties": false, "required": ["delivered", "ms"], "properties": {
  "delivered": {"type": "boolean"}, "status": {"type": "integer"}, "error": {"type": "string"}, "answer": {"type": "string"}, "ms": {"type": "integer"}}},
"Webhook": {"type": "object", "additionalProperties": false, "required": ["id", "url", "events", "rooms", "batch", "timeout_ms", "payload", "state", "made_at", "lag", "dead", "attempts"], "properties": {
  "id": {"type": "string"}, "url": {"type": "string"}, "events": {"type": "array", "items": {"type": "string"}}, "rooms": {"type": "array", "items": {"type": "string"}},
  "batch": {"type": "integer"}, "timeout_ms": {"type": "integer"}, "payload": {"type": "string", "enum": ["full", "thin"]},
  "secret": {"type": "string", "description": "When it is made, and never again."},
  "state": {"type": "string", "enum": ["active", "paused"]}, "why": {"type": "string", "enum": ["asked", "gone", "failing", "refused"]},
  "made_at": {"$ref": "#/components/schemas/Time"}, "failing_since": {"$ref": "#/components/schemas/Time"},
  "lag": {"type": "integer", "description": "Positions of the journal that it is behind."}, "oldest_at": {"$ref": "#/components/schemas/Time"},
  "dead": {"type": "integer"}, "attempts": {"type": "array", "items": {"$ref": "#/components/schemas/Attempt"}}}},
"Webhooks": {"type": "object", "additionalProperties": false, "required": ["items"], "properties": {
  "items": {"type": "array", "items": {"$ref": "#/components/schemas/Webhook"}}}},
"WebhookSecret": {"type": "object", "additionalProperties": false, "required": ["secret", "old_until"], "properties": {
  "secret": {"type": "string"}, "old_until": {"$ref": "#/components/schemas/Time"}}},
"ReplayBody": {"type": "object", "additionalProperties": false, "minProperties": 1, "properties": {
  "from_pos": {"type": "integer", "minimum": 1, "maximum": 9007199254740991}, "from_at": {"$ref": "#/components/schemas/Time"}}},
"DeadLetter": {"type": "object", "additionalProperties": false, "required": ["pos", "type", "room", "seq", "at", "status"], "properties": {
  "pos": {"$ref": "#/components/schemas/Seq"}, "type": {"type": "string"}, "room": {"type": "string"}, "seq": {"$ref": "#/components/schemas/Seq"},
  "at": {"$ref": "#/components/schemas/Time"}, "status": {"type": "integer"}, "answer": {"type": "string"}}},
"DeadLetters": {"type": "object", "additionalProperties": false, "required": ["items"], "properties": {
  "items": {"type": "array", "items": {"$ref": "#/components/schemas/DeadLetter"}}, "next": {"type": "string"}}},
"DrainBody": {"type": "object", "additionalProperties": false, "properties": {
  "spread_ms": {"type": "integer", "minimum": 0, "maximum": 3600000, "default": 5000}}},
"AuditedCall": {"type": "object", "additionalProperties": false, "required": ["call", "status"], "properties": {
  "call": {"type": "string", "description": "The operationId."}, "status": {"type": "integer"}, "user": {"type": "string"},
  "room": {"type": "string"}, "webhook": {"type": "string"}}},
"AuditItem": {"type": "object", "additionalProperties": false, "required": ["pos", "at"], "properties": {
  "pos": {"$ref": "#/components/schemas/Seq"}, "at": {"$ref": "#/components/schemas/Time"}, "by": {"type": "string", "description": "The name of the key."},
  "room": {"$ref": "#/components/schemas/RoomId"}, "entry": {"$ref": "#/components/schemas/Entry"},
  "call": {"$ref": "#/components/schemas/AuditedCall"}}},
"Audit": {"type": "object", "additionalProperties": false, "required": ["items"], "properties": {
  "items": {"type": "array", "items": {"$ref": "#/components/schemas/AuditItem"}}, "next": {"type": "string"}}},
"JobMade": {"type": "object", "additionalProperties": false, "required": ["job"], "properties": {"job": {"type": "string"}}},
"Job": {"type": "object", "additionalProperties": false, "required": ["job", "kind", "state", "by", "at"], "properties": {
  "job": {"type": "string"}, "kind": {"type": "string", "enum": ["erase", "export_user", "export_room", "delete_room"]},
  "state": {"type": "string", "enum": ["running", "done"]}, "by": {"type": "string", "description": "The name of the key."},
  "at": {"$ref": "#/components/schemas/Time"}, "user": {"$ref": "#/components/schemas/UserId"}, "room": {"$ref": "#/components/schemas/RoomId"},
  "as": {"$ref": "#/components/schemas/UserId"}}},
"Jobs": {"type": "object", "additionalProperties": false, "required": ["items"], "properties": {
  "items": {"type": "array", "items": {"$ref": "#/components/schemas/Job"}}, "next": {"type": "string"}}},
"Own": {"type": "object", "additionalProperties": false, "properties": {
  "notify": {"type": "string", "enum": ["all", "mentions", "none"]}, "notify_until": {"$ref": "#/components/schemas/Time"},
  "marked": {"type": "boolean"}, "hidden": {"type": "boolean"}, "receipts": {"type": "boolean"}}},
"ExportLine": {"type": "object", "additionalProperties": false, "required": ["type"], "properties": {
  "type": {"type": "string", "enum": ["room", "member", "user", "membership", "marker", "own", "block", "entry", "end"]},
  "room": {"type": "string"}, "title": {"type": "string"}, "settings": {"$ref": "#/components/schemas/Settings"}, "epoch": {"type": "string"},
  "head": {"$ref": "#/components/schemas/Seq"}, "oldest": {"$ref": "#/components/schemas/Seq"},
  "users": {"type": "array", "items": {"$ref": "#/components/schemas/UserId"}}, "member": {"$ref": "#/components/schemas/Member"},
  "user": {"$ref": "#/components/schemas/User"}, "read": {"$ref": "#/components/schemas/Seq"}, "own": {"$ref": "#/components/schemas/Own"},
  "blocked": {"type": "string"}, "pos": {"$ref": "#/components/schemas/Seq"}, "entry": {"$ref": "#/components/schemas/Entry"},
  "lines": {"type": "integer", "description": "Before this one, in this transfer."}}},
"Fault": {"type": "object", "additionalProperties": false, "required": ["at", "detail"], "properties": {
  "at": {"type": "string", "description": "A JSON pointer into the body; ?name of the query; {name} of the path; or a header."}, "detail": {"type": "string"}}},
"Problem": {"type": "object", "additionalProperties": false, "required": ["type", "title", "status", "code", "retry", "request"], "properties": {
  "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"}, "detail": {"type": "string"},
  "code": {"type": "string"}, "retry": {"type": "boolean"}, "retry_after_ms": {"type": "integer"}, "until": {"$ref": "#/components/schemas/Time"},
  "reason": {"type": "string"}, "limit": {"type": "integer"}, "oldest": {"$ref": "#/components/schemas/Seq"}, "cursor": {"type": "string"}, "data": {"$ref": "#/components/schemas/Data"},
  "faults": {"type": "array", "items": {"$ref": "#/components/schemas/Fault"}}, "request": {"type": "string"}}}
})json";
}

}  // namespace confab::api
