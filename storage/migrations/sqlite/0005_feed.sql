-- News that no node may miss: revocations, permission and membership changes.
create table feed (
  id integer primary key autoincrement,
  at_ms integer not null,
  tenant_id blob not null,
  kind text not null,
  user_id blob,
  subject_id blob,
  detail text
);
create index feed_at on feed (at_ms);
