-- Who did what, to whom, from where. Rows are never changed.
create table audit (
  id blob not null primary key,
  tenant_id blob not null,
  at_ms integer not null,
  action text not null,
  actor_id blob,
  target_type text,
  target_id text,
  address text,
  request_id text,
  detail text
);
create index audit_tenant on audit (tenant_id, at_ms);
