-- Which of the keys that follow from the installation's secret sign access tokens, and from when on.
-- Generation 0 needs no row.
create table signing_keys (
  generation integer not null primary key,
  signs_from_ms integer not null,
  previous_until_ms integer not null
);
