-- Keys of programs, who changed what, what was asked for, and how much of a limit is used up.

-- Of a key only its SHA-256 is here, and its first letters, by which people tell keys apart.
create table api_key (
  id text primary key,
  name text not null,
  prefix text not null,
  secret_hash text not null unique,
  scopes text not null,
  account_id text not null references account (id),
  created_at text not null,
  expires_at text,
  last_used_at text
);
create index api_key_account on api_key (account_id);
create index api_key_age on api_key (created_at, id);

-- Never changed and never removed; who did it is kept by name too, since accounts come and go.
create table audit_entry (
  id text primary key,
  happened_at text not null,
  account_id text not null,
  account_name text not null,
  api_key_id text,
  address text not null,
  request_id text not null,
  action text not null,
  path text not null,
  subject text not null,
  subject_id text,
  members text not null,
  before_change text,
  after_change text
);
create index audit_entry_age on audit_entry (happened_at, id);
create index audit_entry_subject on audit_entry (subject, subject_id);

-- `account_id` is empty for those who were not signed in.
create table usage_count (
  day text not null,
  account_id text not null,
  route text not null,
  requests bigint not null,
  errors bigint not null,
  row_count bigint not null,
  total_ms double precision not null,
  longest_ms double precision not null,
  primary key (day, account_id, route)
);

-- Limits of which more than half is used: when each will be whole again, so that a restart gives nothing for free.
create table rate_limit (
  bucket text primary key,
  whole_at text not null
);
