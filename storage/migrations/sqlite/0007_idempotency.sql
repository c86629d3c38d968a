-- Answers kept for repeated requests with the same Idempotency-Key.
create table idempotency (
  tenant_id blob not null,
  caller_id blob not null,
  key_hash blob not null,
  body_hash blob not null,
  status integer,
  answer text,
  created_ms integer not null,
  lease_until_ms integer not null,
  primary key (tenant_id, caller_id, key_hash)
) without rowid;
create index idempotency_created on idempotency (created_ms);
