-- What people can be pushed to. A device belongs to the sign-in that registered it and ends with it.
create table devices (
  id uuid not null primary key,
  tenant_id uuid not null references tenants (id),
  user_id uuid not null references users (id),
  session_id uuid not null references sessions (id) on delete cascade,
  -- A built-in platform, or 'bridge:' and the name of one.
  platform text not null,
  -- SHA-256 of what the device is reached by, so that the same one is found again.
  address bytea not null,
  target jsonb not null,
  label text,
  -- The figure that its push service has taken last.
  badge bigint,
  created_ms bigint not null,
  used_ms bigint
);
create unique index devices_address on devices (tenant_id, platform, address);
create index devices_of on devices (user_id, created_ms);
create index devices_session on devices (session_id);

-- What is to reach somebody outside of the app: a push to one device, or a mail. Who works on a row
-- moves due_ms to the end of the lease, so that a crash makes it due again.
create table deliveries (
  id uuid not null primary key,
  tenant_id uuid not null references tenants (id),
  user_id uuid not null references users (id),
  decision_id uuid,
  notification_id uuid,
  event text not null,
  -- 'email', or the platform of the device.
  route text not null,
  device_id uuid,
  kind text not null,
  -- What it waits for: 'live' (the person may be reading), 'quiet', 'digest'.
  held text,
  -- The message that it is about.
  chat_channel_id uuid,
  chat_seq bigint,
  -- Forgotten once it is done.
  content jsonb,
  state text not null,
  attempts bigint not null default 0,
  due_ms bigint not null,
  -- The moment that it waits for, whatever lease is on it.
  window_ms bigint not null,
  -- The mail that it has become, perhaps with others.
  mail_id uuid,
  claim uuid,
  reason text,
  created_ms bigint not null,
  done_ms bigint
);
create index deliveries_due on deliveries (route, due_ms) where state = 'queued';
create index deliveries_waiting on deliveries (user_id, held) where state = 'queued';
create index deliveries_decision on deliveries (decision_id) where decision_id is not null;
create index deliveries_device on deliveries (device_id) where device_id is not null;
create index deliveries_mail on deliveries (mail_id) where mail_id is not null;
create index deliveries_done on deliveries (done_ms) where done_ms is not null;

-- Which conversation somebody is looking at.
create table looking (
  user_id uuid not null primary key references users (id),
  tenant_id uuid not null references tenants (id),
  channel_id uuid not null,
  at_ms bigint not null
);

-- Up to where people were notified of a channel's messages.
create table channel_notices (
  channel_id uuid not null primary key references channels (id),
  tenant_id uuid not null references tenants (id),
  seq bigint not null
);

-- When people get the mails that may wait; who has chosen nothing has no row.
create table digest_settings (
  user_id uuid not null primary key references users (id),
  tenant_id uuid not null references tenants (id),
  frequency text not null,
  minute bigint not null,
  weekday bigint not null,
  zone text,
  updated_ms bigint not null
);

-- The mails that were made of several, one for each person and moment.
create table digests (
  id uuid not null primary key,
  tenant_id uuid not null references tenants (id),
  user_id uuid not null references users (id),
  window_ms bigint not null,
  frequency text not null,
  items bigint not null,
  at_ms bigint not null
);
create unique index digests_window on digests (user_id, window_ms);
create index digests_of on digests (tenant_id, at_ms);
