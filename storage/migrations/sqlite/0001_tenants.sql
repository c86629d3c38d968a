-- Companies, and the profiles that say what their people may do.
create table tenants (
  id blob not null primary key,
  slug text not null,
  name text not null,
  status text not null,
  plan text not null,
  timezone text not null,
  locale text not null,
  next_user_number integer not null default 1,
  next_profile_id integer not null default 5,
  created_ms integer not null
);
create unique index tenants_slug on tenants (slug);

create table profiles (
  tenant_id blob not null references tenants (id),
  id integer not null,
  name text not null,
  name_key text not null,
  description text,
  is_system boolean not null,
  is_active boolean not null,
  permissions text not null,
  created_ms integer not null,
  updated_ms integer not null,
  version integer not null default 1,
  primary key (tenant_id, id)
) without rowid;
create unique index profiles_name on profiles (tenant_id, name_key);
