-- Conversations. A channel's head: seq and mark of its last entry, ord of its countable messages.
create table channels (
  id blob not null primary key,
  tenant_id blob not null references tenants (id),
  kind text not null,
  name text,
  description text,
  direct_key blob,
  created_by blob,
  created_ms integer not null,
  archived boolean not null default false,
  member_count integer not null default 0,
  seq integer not null default 0,
  mark integer not null default 0,
  ord integer not null default 0,
  deletions integer not null default 0,
  last_message_seq integer not null default 0,
  last_message_ms integer,
  touched_ms integer not null
);
create unique index channels_direct on channels (tenant_id, direct_key) where direct_key is not null;
create index channels_touched on channels (touched_ms);

-- Who is in a channel and how far each has read. touched_ms moves with the member's own acts only.
create table channel_members (
  channel_id blob not null references channels (id),
  user_id blob not null references users (id),
  tenant_id blob not null,
  role text not null,
  joined_ms integer not null,
  read_seq integer not null default 0,
  read_ord integer not null default 0,
  read_ms integer,
  own_after integer not null default 0,
  revision integer not null default 0,
  muted boolean not null default false,
  notify text not null default 'all',
  touched_ms integer not null,
  primary key (channel_id, user_id)
) without rowid;
create index channel_members_user on channel_members (user_id, channel_id);
create index channel_members_touched on channel_members (touched_ms);

-- The log: every change of a channel, numbered without gaps. A message lives in the entry that
-- created it; later entries about it name it by target_seq and carry no text of their own.
create table entries (
  channel_id blob not null,
  seq integer not null,
  id blob not null,
  ord integer not null,
  kind text not null,
  actor_id blob,
  at_ms integer not null,
  content text,
  client_id text,
  mentions text,
  target_seq integer,
  detail text,
  edited_ms integer,
  deleted_ms integer,
  primary key (channel_id, seq)
) without rowid;
create unique index entries_id on entries (id);
create unique index entries_client on entries (channel_id, actor_id, client_id) where client_id is not null;
create index entries_deleted on entries (channel_id, seq) where deleted_ms is not null;

-- Who was named in a message that still stands.
create table channel_mentions (
  channel_id blob not null,
  user_id blob not null,
  seq integer not null,
  primary key (channel_id, user_id, seq)
) without rowid;
