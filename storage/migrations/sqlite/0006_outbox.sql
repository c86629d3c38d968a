-- Work that leaves the server, written in the transaction of its cause.
create table outbox (
  id blob not null primary key,
  tenant_id blob not null,
  kind text not null,
  payload text not null,
  state text not null,
  attempts integer not null default 0,
  due_ms integer not null,
  claimed_by blob,
  claimed_until_ms integer,
  created_ms integer not null,
  done_ms integer,
  error text
);
create index outbox_due on outbox (state, due_ms);
