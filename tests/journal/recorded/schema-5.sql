pragma application_id = 1668179554;
pragma user_version = 5;
BEGIN TRANSACTION;
CREATE TABLE changed (
    room integer not null,
    seq integer not null,
    edits integer not null default 0,
    reactions integer not null default 0,
    emoji integer not null default 0,
    edit integer,
    edited_at integer,
    edited_by text,
    deleted_by text, reason text,
    primary key (room, seq)
  ) strict, without rowid;
INSERT INTO "changed" VALUES(1,5,1,0,0,15,1795812805377,NULL,NULL,NULL);
INSERT INTO "changed" VALUES(1,9,0,0,0,NULL,NULL,NULL,'carol',NULL);
INSERT INTO "changed" VALUES(1,10,1,0,0,14,1795812805305,NULL,NULL,NULL);
CREATE TABLE direct_order (
    user text not null,
    position integer not null,
    room integer not null,
    primary key (user, position)
  ) strict, without rowid;
INSERT INTO "direct_order" VALUES('alice',16,2);
INSERT INTO "direct_order" VALUES('bob',16,2);
CREATE TABLE key_runs (
    last integer primary key,
    first integer not null,
    newest integer not null,
    places blob not null
  ) strict;
CREATE TABLE last_messages (
    room integer not null,
    user text not null,
    at integer not null,
    primary key (room, user)
  ) strict, without rowid;
CREATE TABLE log (
    id integer primary key,
    room integer not null,
    seq integer not null,
    at integer not null,
    sender text not null,
    kind integer not null,
    target integer,
    key text,
    text text,
    data text
  , counted integer not null default 0, more integer not null default 0, thread integer, reply_to integer, flags integer, event text, users text, attachments text, gone integer) strict;
INSERT INTO "log" VALUES(1,1,1,1795812804161,'alice',7,NULL,NULL,NULL,'{"state":"member"}',0,0,NULL,NULL,NULL,NULL,'alice',NULL,NULL);
INSERT INTO "log" VALUES(2,1,2,1795812804337,'bob',7,NULL,NULL,NULL,'{"state":"member"}',0,0,NULL,NULL,NULL,NULL,'bob',NULL,NULL);
INSERT INTO "log" VALUES(3,1,3,1795812804449,'alice',0,NULL,NULL,'one',NULL,1,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "log" VALUES(4,1,4,1795812804489,'alice',0,NULL,NULL,'two @bob',NULL,2,0,NULL,NULL,NULL,NULL,'bob carol',NULL,NULL);
INSERT INTO "log" VALUES(5,1,5,1795812804610,'carol',0,NULL,NULL,'three',NULL,3,0,NULL,3,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "log" VALUES(6,1,6,1795812804709,'carol',6,NULL,NULL,'four, in a thread',NULL,3,0,3,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "log" VALUES(7,1,7,1795812804793,'alice',6,NULL,NULL,'five, in a thread',NULL,3,0,3,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "log" VALUES(8,1,8,1795812804865,'bob',0,NULL,NULL,'six',NULL,4,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "log" VALUES(9,1,9,1795812804938,'carol',0,NULL,NULL,NULL,NULL,5,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "log" VALUES(10,1,10,1795812804970,'carol',0,NULL,NULL,'eight names nobody',NULL,6,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "log" VALUES(11,1,11,1795812805065,'carol',0,NULL,NULL,'nine is quiet',NULL,6,0,NULL,NULL,1,NULL,NULL,NULL,NULL);
INSERT INTO "log" VALUES(12,1,12,1795812805102,'alice',0,NULL,NULL,'ten @room',NULL,7,0,NULL,NULL,NULL,NULL,'@room',NULL,NULL);
INSERT INTO "log" VALUES(13,1,13,1795812805178,'carol',2,9,NULL,NULL,NULL,7,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "log" VALUES(14,1,14,1795812805305,'carol',1,10,NULL,'eight names bob',NULL,7,0,NULL,NULL,NULL,NULL,'bob',NULL,NULL);
INSERT INTO "log" VALUES(15,1,15,1795812805377,'carol',1,5,NULL,'three again',NULL,7,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "log" VALUES(16,2,1,1795812805593,'alice',0,NULL,'d1','hidden talk',NULL,1,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "log" VALUES(17,1,16,1795812805660,'carol',7,NULL,NULL,NULL,'{"state":"member"}',7,0,NULL,NULL,NULL,NULL,'carol',NULL,NULL);
INSERT INTO "log" VALUES(18,1,17,1795812805741,'alice',0,NULL,NULL,'eleven',NULL,8,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "log" VALUES(19,1,18,1795812805824,'carol',7,NULL,NULL,NULL,'{"state":"left"}',8,0,NULL,NULL,NULL,NULL,'carol',NULL,NULL);
INSERT INTO "log" VALUES(20,1,19,1795812805892,'carol',7,NULL,NULL,NULL,'{"state":"member"}',8,0,NULL,NULL,NULL,NULL,'carol',NULL,NULL);
INSERT INTO "log" VALUES(21,1,20,1795812805921,'alice',0,NULL,NULL,'twelve',NULL,9,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE marks (
    user text not null,
    kind integer not null,
    subject text not null,
    value integer not null,
    text text not null,
    position integer not null,
    primary key (user, kind, subject)
  ) strict, without rowid;
CREATE TABLE members (
    room integer not null,
    user text not null,
    state integer not null,
    role integer not null,
    since integer not null,
    until integer,
    mute_until integer not null,
    invited_by text,
    reason text,
    primary key (room, user)
  ) strict, without rowid;
INSERT INTO "members" VALUES(1,'alice',2,3,1,NULL,0,NULL,NULL);
INSERT INTO "members" VALUES(1,'bob',2,3,2,NULL,0,NULL,NULL);
INSERT INTO "members" VALUES(1,'carol',2,3,19,NULL,0,NULL,NULL);
CREATE TABLE pins (
    room integer not null,
    seq integer not null,
    target integer not null,
    pinned_by text not null,
    pinned_at integer not null,
    primary key (room, target)
  ) strict, without rowid;
CREATE TABLE probe (id integer primary key, count integer not null) strict;
INSERT INTO "probe" VALUES(1,0);
CREATE TABLE progress (step text primary key, done integer not null) strict, without rowid;
CREATE TABLE reaction_counts (
    room integer not null,
    target integer not null,
    emoji text not null,
    count integer not null,
    primary key (room, target, emoji)
  ) strict, without rowid;
CREATE TABLE reactions (
    room integer not null,
    target integer not null,
    emoji text not null,
    user text not null,
    seq integer not null,
    primary key (room, target, emoji, user)
  ) strict, without rowid;
CREATE TABLE rooms (
    id integer primary key,
    room text not null unique,
    title text not null,
    epoch text not null,
    created_at integer not null,
    direct_a text,
    direct_b text,
    floor integer not null default 1
  , settings text, members integer not null default 0, owners integer not null default 0, kept integer not null default 0, unlisted integer not null default 0) strict;
INSERT INTO "rooms" VALUES(0,'@server','@server','3fb9f4aa',1795812799000,NULL,NULL,1,NULL,0,0,0,0);
INSERT INTO "rooms" VALUES(1,'general','','6esy4p2r',1795812804117,NULL,NULL,1,NULL,3,0,3,0);
INSERT INTO "rooms" VALUES(2,'dm:alice:bob','','or4fze36',1795812805583,'alice','bob',1,NULL,0,0,0,0);
CREATE TABLE secrets (name text primary key, value blob not null) strict, without rowid;
INSERT INTO "secrets" VALUES('guests',X'0000000000000000000000000000000000000000000000000000000000000000');
INSERT INTO "secrets" VALUES('journal',X'00000000000000000000000000000000');
INSERT INTO "secrets" VALUES('keys',X'00000000000000000000000000000000');
CREATE TABLE thread_users (
    room integer not null,
    root integer not null,
    user text not null,
    replies integer not null,
    primary key (room, root, user)
  ) strict, without rowid;
INSERT INTO "thread_users" VALUES(1,3,'alice',1);
INSERT INTO "thread_users" VALUES(1,3,'carol',1);
CREATE TABLE threads (
    room integer not null,
    root integer not null,
    replies integer not null,
    last integer not null,
    last_at integer not null,
    primary key (room, root)
  ) strict, without rowid;
INSERT INTO "threads" VALUES(1,3,2,7,1795812804793);
CREATE TABLE users (
    user text primary key,
    name text not null,
    data text,
    guest integer not null
  ) strict, without rowid;
CREATE INDEX rooms_direct_a on rooms (direct_a) where direct_a is not null;
CREATE INDEX rooms_direct_b on rooms (direct_b) where direct_b is not null;
CREATE INDEX reactions_order on reactions (room, target, emoji, seq);
CREATE INDEX marks_position on marks (position);
CREATE UNIQUE INDEX log_messages on log (room, seq) where kind = 0;
CREATE UNIQUE INDEX log_changes_order on log (room, seq) where kind <> 0;
CREATE INDEX log_edits on log (room, target) where kind = 1;
CREATE UNIQUE INDEX direct_order_rooms on direct_order (user, room);
CREATE UNIQUE INDEX log_replies on log (room, seq) where kind = 6;
CREATE INDEX log_threads on log (room, thread, seq) where kind = 6;
CREATE INDEX log_threads_kept on log (room, thread, seq) where kind = 6 and gone is null;
CREATE INDEX rooms_listed on rooms (room) where direct_a is null and unlisted = 0;
CREATE INDEX members_listed on members (room, state, user);
CREATE INDEX members_rank on members (room, role, since, user) where state = 2;
CREATE INDEX members_user on members (user) where state in (1, 2);
CREATE INDEX threads_order on threads (room, last);
COMMIT;
