-- What people choose for the programs they use. Who has chosen nothing has no row.
create table preferences (
  user_id uuid not null primary key references users (id),
  tenant_id uuid not null references tenants (id),
  ui jsonb not null,
  notifications jsonb not null,
  updated_ms bigint not null
);
