-- Companies, and the profiles that say what their people may do.
create table tenants (
  id uuid not null primary key,
  slug text not null,
  name text not null,
  status text not null,
  plan text not null,
  timezone text not null,
  locale text not null,
  next_user_number bigint not null default 1,
  next_profile_id bigint not null default 5,
  created_ms bigint not null
);
create unique index tenants_slug on tenants (slug);

create table profiles (
  tenant_id uuid not null references tenants (id),
  id bigint not null,
  name text not null,
  name_key text not null,
  description text,
  is_system boolean not null,
  is_active boolean not null,
  permissions jsonb not null,
  created_ms bigint not null,
  updated_ms bigint not null,
  version bigint not null default 1,
  primary key (tenant_id, id)
);
create unique index profiles_name on profiles (tenant_id, name_key);
