-- What is measured, and what was measured of it. One text for both engines; what PostgreSQL needs beside it
-- (keys and indexes on large tables) is in 0001_measured.postgres.sql. Times are UTC with microseconds.

create table asset_type (
  name text primary key,
  title text not null,
  attributes_schema text not null,
  built_in boolean not null
);

create table asset (
  id text primary key,
  type text not null,
  name text not null,
  parent_id text,
  latitude double precision,
  longitude double precision,
  attributes json not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);

-- The integer key is what measurements carry; it is never reused and never shown.
create table signal (
  signal_key integer primary key,
  id text not null unique,
  asset_id text not null,
  name text not null,
  quantity text not null,
  unit text not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);

-- Kept in the transaction of every write to `measurement`: how a load knows at once what cannot overlap.
create table signal_state (
  signal_key integer not null,
  first_at timestamptz,
  last_at timestamptz,
  last_value double precision,
  samples bigint not null
);

-- One row per (signal_key, measured_at). DuckDB has no key here: it costs 5 to 7 times the load; the merge keeps it.
-- `version` is that of the write that brought the value; `change` says when that was, and by which load.
create table measurement (
  signal_key integer not null,
  measured_at timestamptz not null,
  value double precision not null,
  version bigint not null
);

-- Stretches of time whose readings were put in order, as they were after the write `version`.
create table ordered_stretch (
  stretch bigint not null,
  version bigint not null
);

-- Values that were corrected or undone: known from the write `version` until the write `replaced_version`.
create table earlier_measurement (
  signal_key integer not null,
  measured_at timestamptz not null,
  value double precision not null,
  version bigint not null,
  replaced_version bigint not null
);

-- Writes that brought measurements or rows of a load, for ever. `load_key` is null for values sent by devices;
-- `undone_version` is the write that undid it.
create table change (
  version bigint not null,
  committed_at timestamptz not null,
  load_key integer,
  undone_version bigint
);

-- What assets, signals and rows of datasets were before a load changed them; null for those that were not there.
-- What it made of them tells whether they are still as it left them; a row of a dataset carries its load itself.
create table earlier_record (
  target text not null,
  record_id text not null,
  before_json text,
  after_json text,
  version bigint not null
);

-- Tables of the user's own are in schema `dataset`, under the name given here.
create table dataset (
  name text primary key,
  description text not null,
  columns json not null,
  unique_key json,
  created_at timestamptz not null
);
create schema if not exists dataset;

create table rejected_row (
  load_key integer not null,
  line bigint not null,
  column_name text,
  value text,
  rule text not null,
  reason text not null,
  raw text not null,
  state text not null,
  mended_raw text,
  mended_load_id text
);

-- Refused rows that were sent again, mended: where each stands in the file of the load `load_id`, and where it stood
-- first. `raw` is null where it was sent as it came.
create table replayed_row (
  load_id text not null,
  line bigint not null,
  load_key integer not null,
  original_line bigint not null,
  column_name text,
  raw text
);

-- What was committed, so that a batch sent twice answers as the first time.
create table batch (
  version bigint not null,
  batch_key text primary key,
  keep text not null,
  result text not null,
  committed_at timestamptz not null
);
