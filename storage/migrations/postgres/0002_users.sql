-- People. A deleted person keeps the row, so that what they wrote stays attributed to somebody.
create table users (
  id uuid not null primary key,
  tenant_id uuid not null references tenants (id),
  number bigint not null,
  email text not null,
  email_key text collate "C" not null,
  first_name text not null,
  last_name text not null,
  search_text text collate "C" not null,
  role text not null,
  profile_id bigint,
  status text not null,
  password_hash text,
  password_ms bigint,
  email_verified boolean not null default false,
  phone text,
  avatar text,
  timezone text,
  locale text,
  last_login_ms bigint,
  invited_by uuid,
  invited_ms bigint,
  invitation_expires_ms bigint,
  deactivated_ms bigint,
  deleted_ms bigint,
  created_ms bigint not null,
  updated_ms bigint not null,
  version bigint not null default 1
);
create unique index users_number on users (tenant_id, number);
create unique index users_email on users (tenant_id, email_key) where deleted_ms is null;
create index users_created on users (tenant_id, created_ms, id);

-- Links sent by mail. Only the hash is kept; one purpose each; used or superseded once.
create table one_time_tokens (
  hash bytea not null primary key,
  tenant_id uuid not null references tenants (id),
  user_id uuid not null references users (id),
  purpose text not null,
  created_ms bigint not null,
  expires_ms bigint not null,
  used_ms bigint
);
create index one_time_tokens_user on one_time_tokens (user_id, purpose);
create index one_time_tokens_expiry on one_time_tokens (expires_ms);
