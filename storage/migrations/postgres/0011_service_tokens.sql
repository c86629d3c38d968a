-- Tokens of modules. Only the hash is kept; revoked ones stay for their names in the audit log.
create table service_tokens (
  id uuid not null primary key,
  tenant_id uuid not null references tenants (id),
  name text not null,
  name_key text not null,
  permissions jsonb not null,
  prefix text not null,
  hash bytea not null,
  created_by uuid,
  created_ms bigint not null,
  expires_ms bigint not null,
  last_used_ms bigint,
  revoked_ms bigint
);
create unique index service_tokens_hash on service_tokens (hash);
create unique index service_tokens_name on service_tokens (tenant_id, name_key) where revoked_ms is null;
