-- The role as which the SQL of users runs: it may read the views above and the datasets, those to come included, and
-- nothing else. Roles belong to the whole server, so that another database may have made it already. An account that
-- may not make roles needs it made beforehand: create role tidemark_reader; grant tidemark_reader to that account.

do $$
begin
  if not exists (select 1 from pg_roles where rolname = 'tidemark_reader') then
    create role tidemark_reader nologin;
  end if;
exception when duplicate_object or unique_violation then
  null;
end
$$;

do $$
begin
  if not pg_has_role(current_user, 'tidemark_reader',
    case when current_setting('server_version_num')::int >= 160000 then 'set' else 'member' end)
  then
    execute format('grant tidemark_reader to %I', current_user);
  end if;
end
$$;

grant usage on schema public_data, dataset to tidemark_reader;
grant select on all tables in schema public_data, dataset to tidemark_reader;
alter default privileges in schema dataset grant select on tables to tidemark_reader;
