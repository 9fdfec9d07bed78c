-- What the SQL of users sees beside the datasets: names and units instead of keys. Read only.

create schema if not exists public_data;

create view public_data.assets as
select id, type, name, parent_id, latitude, longitude, attributes, created_at, updated_at
from asset;

create view public_data.signals as
select signal.id, signal.asset_id, signal.name, signal.quantity, signal.unit, signal.created_at, signal.updated_at,
  signal_state.first_at, signal_state.last_at, signal_state.last_value, coalesce(signal_state.samples, 0) as samples
from signal
left join signal_state on signal_state.signal_key = signal.signal_key;

create view public_data.measurements as
select signal.id as signal_id, signal.asset_id, signal.quantity, signal.unit, measurement.measured_at, measurement.value
from measurement
join signal on signal.signal_key = measurement.signal_key;
