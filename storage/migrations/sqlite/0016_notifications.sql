-- What people were told of. What was dismissed has no row.
create table notifications (
  id blob not null primary key,
  tenant_id blob not null references tenants (id),
  user_id blob not null references users (id),
  event text not null,
  -- What repeats are put together by: the same event about the same thing.
  topic text,
  title text not null,
  body text not null,
  data text not null,
  action_url text,
  actor_id blob,
  silent boolean not null,
  count integer not null default 1,
  created_ms integer not null,
  updated_ms integer not null,
  read_ms integer
);
create index notifications_of on notifications (user_id, created_ms, id);
create index notifications_age on notifications (tenant_id, created_ms);
create index notifications_unread on notifications (user_id, event, topic) where read_ms is null;

-- The head of each person's inbox. Whoever changes an inbox holds this row, so that its log has the
-- order of the commits.
create table inboxes (
  user_id blob not null primary key references users (id),
  tenant_id blob not null references tenants (id),
  seq integer not null,
  touched_ms integer not null
) without rowid;
create index inboxes_touched on inboxes (touched_ms);

-- The log of each inbox. What an entry says is read from the notification as it is now.
create table inbox_entries (
  user_id blob not null references users (id),
  seq integer not null,
  kind text not null,
  notification_id blob,
  -- Up to when all are read.
  before_ms integer,
  at_ms integer not null,
  primary key (user_id, seq)
) without rowid;
create index inbox_entries_at on inbox_entries (at_ms);

-- What was decided for each person and channel, and why.
create table notification_decisions (
  id blob not null primary key,
  tenant_id blob not null references tenants (id),
  user_id blob not null references users (id),
  event text not null,
  channel text not null,
  outcome text not null,
  reason text not null,
  until_ms integer,
  rules text not null,
  notification_id blob,
  decided_ms integer not null
);
create index notification_decisions_of on notification_decisions (user_id, decided_ms, id);
create index notification_decisions_about on notification_decisions (notification_id)
  where notification_id is not null;
create index notification_decisions_at on notification_decisions (decided_ms);

-- Keys that modules have raised events under.
create table notification_keys (
  tenant_id blob not null references tenants (id),
  key text not null,
  at_ms integer not null,
  primary key (tenant_id, key)
) without rowid;
create index notification_keys_at on notification_keys (at_ms);
