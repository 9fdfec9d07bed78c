-- What is defined: metrics and dashboards. Tags, definitions, panels and layouts are JSON.

create table metric (
  id text primary key,
  name text not null,
  description text not null,
  unit text not null,
  format text not null,
  tags text not null,
  time_column text,
  version integer not null,
  definition text not null,
  created_at text not null,
  updated_at text not null
);
create index metric_age on metric (created_at, id);

create table dashboard (
  id text primary key,
  name text not null,
  default_from text not null,
  default_to text not null,
  tz text,
  panels text not null,
  layouts text not null,
  version integer not null,
  created_at text not null,
  updated_at text not null
);
create index dashboard_age on dashboard (created_at, id);
