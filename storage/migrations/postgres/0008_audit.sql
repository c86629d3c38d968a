-- Who did what, to whom, from where. Rows are never changed.
create table audit (
  id uuid not null primary key,
  tenant_id uuid not null,
  at_ms bigint not null,
  action text not null,
  actor_id uuid,
  target_type text,
  target_id text,
  address text,
  request_id text,
  detail jsonb
);
create index audit_tenant on audit (tenant_id, at_ms);
