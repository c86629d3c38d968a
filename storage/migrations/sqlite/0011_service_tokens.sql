-- Tokens of modules. Only the hash is kept; revoked ones stay for their names in the audit log.
create table service_tokens (
  id blob not null primary key,
  tenant_id blob not null references tenants (id),
  name text not null,
  name_key text not null,
  permissions text not null,
  prefix text not null,
  hash blob not null,
  created_by blob,
  created_ms integer not null,
  expires_ms integer not null,
  last_used_ms integer,
  revoked_ms integer
);
create unique index service_tokens_hash on service_tokens (hash);
create unique index service_tokens_name on service_tokens (tenant_id, name_key) where revoked_ms is null;
