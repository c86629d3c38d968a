-- Work that leaves the server, written in the transaction of its cause. Who works on a row moves
-- due_ms to the end of the lease, so that a crash makes it due again.
create table outbox (
  id blob not null primary key,
  tenant_id blob not null,
  kind text not null,
  payload text not null,
  state text not null,
  attempts integer not null default 0,
  due_ms integer not null,
  claim blob,
  created_ms integer not null,
  done_ms integer,
  error text
);
create index outbox_due on outbox (kind, due_ms) where state = 'queued';
create index outbox_done on outbox (done_ms) where done_ms is not null;
