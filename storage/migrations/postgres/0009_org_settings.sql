-- What a company has decided for all its people. No value means the default; the row stays for its
-- version, so that nobody overwrites what they have not seen.
create table org_settings (
  tenant_id uuid not null references tenants (id),
  key text not null,
  value jsonb,
  version bigint not null,
  updated_ms bigint not null,
  updated_by uuid,
  primary key (tenant_id, key)
);

-- The default of the company's name.
alter table tenants add column registered_name text not null default '';
update tenants set registered_name = name;

-- How many people a plan has room for; nothing means any number.
alter table tenants add column seat_limit bigint;
