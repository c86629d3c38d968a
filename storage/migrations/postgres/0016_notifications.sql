-- What people were told of. What was dismissed has no row.
create table notifications (
  id uuid not null primary key,
  tenant_id uuid not null references tenants (id),
  user_id uuid not null references users (id),
  event text not null,
  -- What repeats are put together by: the same event about the same thing.
  topic text,
  title text not null,
  body text not null,
  data jsonb not null,
  action_url text,
  actor_id uuid,
  silent boolean not null,
  count bigint not null default 1,
  created_ms bigint not null,
  updated_ms bigint not null,
  read_ms bigint
);
create index notifications_of on notifications (user_id, created_ms, id);
create index notifications_age on notifications (tenant_id, created_ms);
create index notifications_unread on notifications (user_id, event, topic) where read_ms is null;

-- The head of each person's inbox. Whoever changes an inbox holds this row, so that its log has the
-- order of the commits.
create table inboxes (
  user_id uuid not null primary key references users (id),
  tenant_id uuid not null references tenants (id),
  seq bigint not null,
  touched_ms bigint not null
);
create index inboxes_touched on inboxes (touched_ms);

-- The log of each inbox. What an entry says is read from the notification as it is now.
create table inbox_entries (
  user_id uuid not null references users (id),
  seq bigint not null,
  kind text not null,
  notification_id uuid,
  -- Up to when all are read.
  before_ms bigint,
  at_ms bigint not null,
  primary key (user_id, seq)
);
create index inbox_entries_at on inbox_entries (at_ms);

-- What was decided for each person and channel, and why.
create table notification_decisions (
  id uuid not null primary key,
  tenant_id uuid not null references tenants (id),
  user_id uuid not null references users (id),
  event text not null,
  channel text not null,
  outcome text not null,
  reason text not null,
  until_ms bigint,
  rules jsonb not null,
  notification_id uuid,
  decided_ms bigint not null
);
create index notification_decisions_of on notification_decisions (user_id, decided_ms, id);
create index notification_decisions_about on notification_decisions (notification_id)
  where notification_id is not null;
create index notification_decisions_at on notification_decisions (decided_ms);

-- Keys that modules have raised events under.
create table notification_keys (
  tenant_id uuid not null references tenants (id),
  key text not null,
  at_ms bigint not null,
  primary key (tenant_id, key)
);
create index notification_keys_at on notification_keys (at_ms);
