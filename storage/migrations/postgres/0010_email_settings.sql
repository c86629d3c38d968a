-- How each tenant's mail is sent: a row for each section that somebody has saved. Version 0 is a row
-- that was made to be held and never saved.
create table email_settings (
  tenant_id uuid not null references tenants (id),
  section text not null,
  body jsonb not null,
  -- The password of the mail server, sealed.
  sealed_password text,
  -- How the mail server was tried last.
  last_test jsonb,
  -- What DNS said last.
  dns jsonb,
  version bigint not null,
  updated_ms bigint,
  updated_by uuid,
  primary key (tenant_id, section)
);
create index outbox_tenant on outbox (tenant_id, kind, state);
