-- What people choose for the programs they use. Who has chosen nothing has no row.
create table preferences (
  user_id blob not null primary key references users (id),
  tenant_id blob not null references tenants (id),
  ui text not null,
  notifications text not null,
  updated_ms integer not null
);
