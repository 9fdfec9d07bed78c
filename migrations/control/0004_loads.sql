-- Files brought in, and how far the warehouse has confirmed what was written.

-- `load_key` is the number that the rows in the warehouse carry; 0 stands there for values sent by devices.
create table load (
  id text primary key,
  load_key integer not null unique,
  target text not null,
  file_name text not null,
  content_type text not null,
  size_bytes bigint not null,
  sha256 text not null,
  mapping text not null,
  format text not null,
  header text,
  status text not null,
  progress double precision not null,
  rows_read bigint not null,
  rows_loaded bigint not null,
  rows_updated bigint not null,
  rows_unchanged bigint not null,
  rows_rejected bigint not null,
  rows_repeated bigint not null,
  rows_superseded bigint not null,
  times_skipped bigint not null,
  times_repeated bigint not null,
  created_by text not null,
  created_at text not null,
  started_at text,
  finished_at text,
  error text,
  replays text,
  undone_at text,
  rows_removed bigint not null,
  rows_restored bigint not null,
  job_id text,
  idempotency_key text,
  fence bigint not null
);
create index load_age on load (created_at, id);
create unique index load_idempotency on load (created_by, idempotency_key) where idempotency_key is not null;

-- One row: the version of the last write that was acknowledged, compared with the warehouse at start.
create table ledger (
  id integer primary key check (id = 1),
  acknowledged_version bigint not null
);
insert into ledger (id, acknowledged_version) values (1, 0);

-- Mappings under a name, to be used again.
create table mapping_template (
  name text primary key,
  description text not null,
  target text,
  mapping text not null,
  created_at text not null,
  updated_at text not null
);
