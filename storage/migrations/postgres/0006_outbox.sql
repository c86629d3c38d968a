-- Work that leaves the server, written in the transaction of its cause.
create table outbox (
  id uuid not null primary key,
  tenant_id uuid not null,
  kind text not null,
  payload jsonb not null,
  state text not null,
  attempts bigint not null default 0,
  due_ms bigint not null,
  claimed_by uuid,
  claimed_until_ms bigint,
  created_ms bigint not null,
  done_ms bigint,
  error text
);
create index outbox_due on outbox (state, due_ms);
