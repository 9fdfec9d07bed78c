-- Keys and indexes that PostgreSQL needs and DuckDB is better without.

alter table measurement add primary key (signal_key, measured_at);
alter table signal_state add primary key (signal_key);
create index on asset (parent_id, name);
create index on asset (type);
create index on signal (asset_id, quantity);
create index on rejected_row (load_key, line);
create index on rejected_row (mended_load_id);
create index on replayed_row (load_id, line);
create index on batch (version);
create index on earlier_measurement (signal_key, measured_at);
create index on earlier_measurement (replaced_version);
create index on earlier_record (version);
create index on earlier_record (target, record_id);
create unique index on change (version);
