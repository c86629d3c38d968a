-- What people have chosen for single events; who has chosen nothing has no row.
create table notification_choices (
  tenant_id uuid not null references tenants (id),
  user_id uuid not null references users (id),
  event text not null,
  channel text not null,
  enabled boolean not null,
  updated_ms bigint not null,
  primary key (user_id, event, channel)
);

-- When people want quiet: minutes of the day in a zone, days as bits from Monday on.
create table quiet_hours (
  user_id uuid not null primary key references users (id),
  tenant_id uuid not null references tenants (id),
  enabled boolean not null,
  start_minute bigint not null,
  end_minute bigint not null,
  zone text,
  days bigint not null,
  paused_until_ms bigint,
  resumed_until_ms bigint,
  updated_ms bigint not null
);
