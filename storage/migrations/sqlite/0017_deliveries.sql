-- What people can be pushed to. A device belongs to the sign-in that registered it and ends with it.
create table devices (
  id blob not null primary key,
  tenant_id blob not null references tenants (id),
  user_id blob not null references users (id),
  session_id blob not null references sessions (id) on delete cascade,
  -- A built-in platform, or 'bridge:' and the name of one.
  platform text not null,
  -- SHA-256 of what the device is reached by, so that the same one is found again.
  address blob not null,
  target text not null,
  label text,
  -- The figure that its push service has taken last.
  badge integer,
  created_ms integer not null,
  used_ms integer
);
create unique index devices_address on devices (tenant_id, platform, address);
create index devices_of on devices (user_id, created_ms);
create index devices_session on devices (session_id);

-- What is to reach somebody outside of the app: a push to one device, or a mail. Who works on a row
-- moves due_ms to the end of the lease, so that a crash makes it due again.
create table deliveries (
  id blob not null primary key,
  tenant_id blob not null references tenants (id),
  user_id blob not null references users (id),
  decision_id blob,
  notification_id blob,
  event text not null,
  -- 'email', or the platform of the device.
  route text not null,
  device_id blob,
  kind text not null,
  -- What it waits for: 'live' (the person may be reading), 'quiet', 'digest'.
  held text,
  -- The message that it is about.
  chat_channel_id blob,
  chat_seq integer,
  -- Forgotten once it is done.
  content text,
  state text not null,
  attempts integer not null default 0,
  due_ms integer not null,
  -- The moment that it waits for, whatever lease is on it.
  window_ms integer not null,
  -- The mail that it has become, perhaps with others.
  mail_id blob,
  claim blob,
  reason text,
  created_ms integer not null,
  done_ms integer
);
create index deliveries_due on deliveries (route, due_ms) where state = 'queued';
create index deliveries_waiting on deliveries (user_id, held) where state = 'queued';
create index deliveries_decision on deliveries (decision_id) where decision_id is not null;
create index deliveries_device on deliveries (device_id) where device_id is not null;
create index deliveries_mail on deliveries (mail_id) where mail_id is not null;
create index deliveries_done on deliveries (done_ms) where done_ms is not null;

-- Which conversation somebody is looking at.
create table looking (
  user_id blob not null primary key references users (id),
  tenant_id blob not null references tenants (id),
  channel_id blob not null,
  at_ms integer not null
) without rowid;

-- Up to where people were notified of a channel's messages.
create table channel_notices (
  channel_id blob not null primary key references channels (id),
  tenant_id blob not null references tenants (id),
  seq integer not null
) without rowid;

-- When people get the mails that may wait; who has chosen nothing has no row.
create table digest_settings (
  user_id blob not null primary key references users (id),
  tenant_id blob not null references tenants (id),
  frequency text not null,
  minute integer not null,
  weekday integer not null,
  zone text,
  updated_ms integer not null
);

-- The mails that were made of several, one for each person and moment.
create table digests (
  id blob not null primary key,
  tenant_id blob not null references tenants (id),
  user_id blob not null references users (id),
  window_ms integer not null,
  frequency text not null,
  items integer not null,
  at_ms integer not null
);
create unique index digests_window on digests (user_id, window_ms);
create index digests_of on digests (tenant_id, at_ms);
