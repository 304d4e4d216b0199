create table payments (
  id bigserial primary key,
  payment_id text not null unique,
  idempotency_key text not null,
  region text not null,
  amount_minor bigint not null,
  currency text not null,
  status text not null,
  network text not null,
  network_reference text,
  rrn text,
  auth_code text,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index payments_created_at on payments (created_at);

-- What the Aurora status functions tell. It travels with the replication, as the functions answer alike in every region.
create schema lab;
create table lab.status (
  aws_region text primary key,
  ordinal int not null,
  durability_lag_in_msec float8 not null,
  rpo_lag_in_msec float8 not null,
  last_lag_calculation_time timestamptz not null
);

-- Column names after the Amazon Aurora User Guide, "aurora_global_db_status" and "aurora_global_db_instance_status".
create function aurora_global_db_status()
returns table (aws_region text, highest_lsn_written bigint, durability_lag_in_msec float8, rpo_lag_in_msec float8,
  last_lag_calculation_time timestamptz, feedback_epoch bigint, feedback_xmin bigint)
language sql stable security definer set search_path = pg_catalog as $$
  select s.aws_region, 1000000::bigint, s.durability_lag_in_msec, s.rpo_lag_in_msec, s.last_lag_calculation_time, 0::bigint, 0::bigint
  from lab.status s order by s.ordinal
$$;

create function aurora_global_db_instance_status()
returns table (server_id text, session_id text, aws_region text, durable_lsn bigint, highest_lsn_rcvd bigint,
  feedback_epoch bigint, feedback_xmin bigint, oldest_read_view_lsn bigint, visibility_lag_in_msec float8)
language sql stable security definer set search_path = pg_catalog as $$
  select 'payments-' || s.aws_region || '-1',
    case when s.rpo_lag_in_msec = -1 then 'MASTER_SESSION_ID' else 'reader-' || s.aws_region end,
    s.aws_region, 1000000::bigint, 1000000::bigint, 0::bigint, 0::bigint, 1000000::bigint,
    case when s.rpo_lag_in_msec = -1 then null else s.rpo_lag_in_msec end
  from lab.status s order by s.ordinal
$$;

create role parallax_ro login;
grant select on payments to parallax_ro;

-- A region's clock may be wrong. The audit's role sees it as lab.skew says, a setting on each server's command line: its
-- search path lets this function stand before PostgreSQL's own.
create function lab.clock_timestamp() returns timestamptz language sql volatile as $$
  select pg_catalog.clock_timestamp() + coalesce(nullif(current_setting('lab.skew', true), ''), '0s')::interval
$$;
grant usage on schema lab to parallax_ro;
alter role parallax_ro set search_path = lab, pg_catalog, public;
