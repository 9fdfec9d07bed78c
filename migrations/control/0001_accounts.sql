-- Who may do what. Times are RFC 3339 text in UTC with milliseconds, which sorts as time on both engines.

create table account (
  id text primary key,
  name text not null unique,
  role text not null,
  password_hash text not null,
  created_at text not null,
  updated_at text not null,
  disabled_at text
);

-- Browser sessions and OAuth tokens. Of a secret only its SHA-256 is here; tokens got from one sign-in share a family.
create table session (
  id text primary key,
  secret_hash text not null unique,
  kind text not null,
  family_id text not null,
  account_id text not null references account (id),
  scopes text not null,
  created_at text not null,
  last_seen_at text not null,
  expires_at text not null,
  revoked_at text
);
create index session_family on session (family_id);
create index session_account on session (account_id);
create index session_end on session (expires_at);

-- Answers to writes that carried an idempotency key, to be given again.
create table idempotency (
  idempotency_key text not null,
  account_id text not null,
  route text not null,
  body_hash text not null,
  status integer,
  headers text,
  body text,
  created_at text not null,
  primary key (account_id, route, idempotency_key)
);
create index idempotency_age on idempotency (created_at);
