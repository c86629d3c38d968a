-- What is older than a company keeps: up to which entry a channel's messages have expired, and lines
-- of the audit log by their time.
alter table channels add column expired_seq integer not null default 0;
create index audit_at on audit (at_ms);
