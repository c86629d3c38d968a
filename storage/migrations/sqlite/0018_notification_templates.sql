-- The words of companies' own. Without a body the built-in words count; the row stays for its version,
-- so that nobody overwrites what they have not seen. Version 0 is a row that was made to be held.
create table notification_templates (
  tenant_id blob not null references tenants (id),
  -- The event and the channel.
  template text not null,
  subject text,
  body text,
  body_text text,
  version integer not null,
  updated_ms integer,
  updated_by blob,
  primary key (tenant_id, template)
) without rowid;
