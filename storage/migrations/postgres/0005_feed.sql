-- News that no node may miss: revocations, permission and membership changes.
create table feed (
  id bigint generated always as identity primary key,
  at_ms bigint not null,
  tenant_id uuid not null,
  kind text not null,
  user_id uuid,
  subject_id uuid,
  detail jsonb
);
create index feed_at on feed (at_ms);
