-- How each tenant's mail is sent: a row for each section that somebody has saved. Version 0 is a row
-- that was made to be held and never saved.
create table email_settings (
  tenant_id blob not null references tenants (id),
  section text not null,
  body text not null,
  -- The password of the mail server, sealed.
  sealed_password text,
  -- How the mail server was tried last.
  last_test text,
  -- What DNS said last.
  dns text,
  version integer not null,
  updated_ms integer,
  updated_by blob,
  primary key (tenant_id, section)
) without rowid;
create index outbox_tenant on outbox (tenant_id, kind, state);
