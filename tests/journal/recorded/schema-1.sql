pragma application_id = 1668179554;
pragma user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE rooms (
    id integer primary key,
    room text not null unique,
    title text not null,
    epoch text not null,
    created_at integer not null,
    direct_a text,
    direct_b text,
    floor integer not null default 1
  ) strict;
INSERT INTO rooms VALUES(1,'general','general','ocwsahhe',1795855668057,NULL,NULL,1);
INSERT INTO rooms VALUES(2,'dm:alice:bob','dm:alice:bob','4fqblf98',1795855668082,'alice','bob',1);
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
  ) strict;
INSERT INTO log VALUES(1,1,1,1795855668059,'alice',0,NULL,'k1','one',NULL);
INSERT INTO log VALUES(2,1,2,1795855668062,'bob',0,NULL,NULL,'two','{"a":1}');
INSERT INTO log VALUES(3,1,3,1795855668067,'alice',1,1,NULL,'one, mended',NULL);
INSERT INTO log VALUES(4,1,4,1795855668074,'bob',3,1,NULL,'+',NULL);
INSERT INTO log VALUES(5,1,5,1795855668077,'bob',2,2,NULL,NULL,NULL);
INSERT INTO log VALUES(6,2,1,1795855668083,'alice',0,NULL,NULL,'psst',NULL);
INSERT INTO log VALUES(7,1,6,1795855668084,'bob',0,NULL,'k2','last',NULL);
CREATE TABLE probe (id integer primary key, count integer not null) strict;
INSERT INTO probe VALUES(1,0);
CREATE INDEX rooms_listed on rooms (room) where direct_a is null;
CREATE INDEX rooms_direct_a on rooms (direct_a) where direct_a is not null;
CREATE INDEX rooms_direct_b on rooms (direct_b) where direct_b is not null;
CREATE UNIQUE INDEX log_order on log (room, seq, kind);
CREATE INDEX log_changes on log (room, target) where target is not null;
COMMIT;
