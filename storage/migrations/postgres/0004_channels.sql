-- Conversations. A channel's head: seq and mark of its last entry, ord of its countable messages.
create table channels (
  id uuid not null primary key,
  tenant_id uuid not null references tenants (id),
  kind text not null,
  name text,
  description text,
  direct_key bytea,
  created_by uuid,
  created_ms bigint not null,
  archived boolean not null default false,
  member_count bigint not null default 0,
  seq bigint not null default 0,
  mark bigint not null default 0,
  ord bigint not null default 0,
  deletions bigint not null default 0,
  last_message_seq bigint not null default 0,
  last_message_ms bigint,
  touched_ms bigint not null
) with (fillfactor = 50);
create unique index channels_direct on channels (tenant_id, direct_key) where direct_key is not null;
create index channels_touched on channels (touched_ms);

-- Who is in a channel and how far each has read. touched_ms moves with the member's own acts only.
create table channel_members (
  channel_id uuid not null references channels (id),
  user_id uuid not null references users (id),
  tenant_id uuid not null,
  role text not null,
  joined_ms bigint not null,
  read_seq bigint not null default 0,
  read_ord bigint not null default 0,
  read_ms bigint,
  own_after bigint not null default 0,
  revision bigint not null default 0,
  muted boolean not null default false,
  notify text not null default 'all',
  touched_ms bigint not null,
  primary key (channel_id, user_id)
) with (fillfactor = 70);
create index channel_members_user on channel_members (user_id, channel_id);
create index channel_members_touched on channel_members (touched_ms);

-- The log: every change of a channel, numbered without gaps. A message lives in the entry that
-- created it; later entries about it name it by target_seq and carry no text of their own.
create table entries (
  channel_id uuid not null,
  seq bigint not null,
  id uuid not null,
  ord bigint not null,
  kind text not null,
  actor_id uuid,
  at_ms bigint not null,
  content text,
  client_id text,
  mentions jsonb,
  target_seq bigint,
  detail jsonb,
  edited_ms bigint,
  deleted_ms bigint,
  primary key (channel_id, seq)
);
create unique index entries_id on entries (id);
create unique index entries_client on entries (channel_id, actor_id, client_id) where client_id is not null;
create index entries_deleted on entries (channel_id, seq) where deleted_ms is not null;

-- Who was named in a message that still stands.
create table channel_mentions (
  channel_id uuid not null,
  user_id uuid not null,
  seq bigint not null,
  primary key (channel_id, user_id, seq)
);
