-- Sign-ins. A refresh token is derived from (id, generation) under the server's key, so none is stored.
create table sessions (
  id blob not null primary key,
  tenant_id blob not null references tenants (id),
  user_id blob not null references users (id),
  generation integer not null default 0,
  rotated_ms integer not null,
  idle_expires_ms integer not null,
  expires_ms integer not null,
  created_ms integer not null,
  last_seen_ms integer not null,
  revoked_ms integer,
  revoked_reason text,
  device_name text,
  user_agent text,
  address text
);
create index sessions_user on sessions (user_id, created_ms);
create index sessions_expiry on sessions (expires_ms);

-- Socket tickets that were used: a ticket carries its own proof, this makes it single use.
create table used_tickets (
  hash blob not null primary key,
  expires_ms integer not null
);
create index used_tickets_expiry on used_tickets (expires_ms);
