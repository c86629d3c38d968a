-- Answers kept for repeated requests with the same Idempotency-Key.
create table idempotency (
  tenant_id uuid not null,
  caller_id uuid not null,
  key_hash bytea not null,
  body_hash bytea not null,
  status bigint,
  answer text,
  created_ms bigint not null,
  lease_until_ms bigint not null,
  primary key (tenant_id, caller_id, key_hash)
);
create index idempotency_created on idempotency (created_ms);
