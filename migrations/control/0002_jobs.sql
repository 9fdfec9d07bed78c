-- Work in the background. `fence` grows with every claim: whoever holds an older number is refused.

create table job (
  id text primary key,
  kind text not null,
  status text not null,
  payload text not null,
  unique_key text,
  progress double precision not null,
  attempts integer not null,
  max_attempts integer not null,
  fence bigint not null,
  worker text,
  cancel_requested boolean not null,
  error text,
  error_internal text,
  created_at text not null,
  run_at text not null,
  lease_until text,
  started_at text,
  finished_at text
);
create index job_runnable on job (status, run_at);
create index job_age on job (created_at, id);
-- At most one job of a kind is waiting or running for a key.
create unique index job_unique on job (kind, unique_key) where status in ('queued', 'running');
