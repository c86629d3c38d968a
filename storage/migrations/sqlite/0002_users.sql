-- People. A deleted person keeps the row, so that what they wrote stays attributed to somebody.
create table users (
  id blob not null primary key,
  tenant_id blob not null references tenants (id),
  number integer not null,
  email text not null,
  email_key text not null,
  first_name text not null,
  last_name text not null,
  search_text text not null,
  role text not null,
  profile_id integer,
  status text not null,
  password_hash text,
  password_ms integer,
  email_verified boolean not null default false,
  phone text,
  avatar text,
  timezone text,
  locale text,
  last_login_ms integer,
  invited_by blob,
  invited_ms integer,
  invitation_expires_ms integer,
  deactivated_ms integer,
  deleted_ms integer,
  created_ms integer not null,
  updated_ms integer not null,
  version integer not null default 1
);
create unique index users_number on users (tenant_id, number);
create unique index users_email on users (tenant_id, email_key) where deleted_ms is null;
create index users_created on users (tenant_id, created_ms, id);

-- Links sent by mail. Only the hash is kept; one purpose each; used or superseded once.
create table one_time_tokens (
  hash blob not null primary key,
  tenant_id blob not null references tenants (id),
  user_id blob not null references users (id),
  purpose text not null,
  created_ms integer not null,
  expires_ms integer not null,
  used_ms integer
);
create index one_time_tokens_user on one_time_tokens (user_id, purpose);
create index one_time_tokens_expiry on one_time_tokens (expires_ms);
