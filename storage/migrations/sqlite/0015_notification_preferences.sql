-- What people have chosen for single events; who has chosen nothing has no row.
create table notification_choices (
  tenant_id blob not null references tenants (id),
  user_id blob not null references users (id),
  event text not null,
  channel text not null,
  enabled boolean not null,
  updated_ms integer not null,
  primary key (user_id, event, channel)
) without rowid;

-- When people want quiet: minutes of the day in a zone, days as bits from Monday on.
create table quiet_hours (
  user_id blob not null primary key references users (id),
  tenant_id blob not null references tenants (id),
  enabled boolean not null,
  start_minute integer not null,
  end_minute integer not null,
  zone text,
  days integer not null,
  paused_until_ms integer,
  resumed_until_ms integer,
  updated_ms integer not null
);
