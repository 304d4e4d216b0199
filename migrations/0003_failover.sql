-- What a failover leaves: its history, its case, its chains, and the drills that rehearse it.

alter table parallax.failover
    add column seen text not null default 'rds events',
    add column promoted_error_ns bigint not null default 0 check (promoted_error_ns >= 0),
    add column snapshot_expires timestamptz,
    add column marks jsonb not null default '[]' check (jsonb_typeof(marks) = 'array'),
    add column unmeasured jsonb not null default '[]' check (jsonb_typeof(unmeasured) = 'array'),
    add column name text not null default '';
comment on column parallax.failover.seen is 'how it is known: by events of RDS, or because another database accepts writes';
comment on column parallax.failover.promoted_error_ns is 'uncertainty of promoted, plus or minus, in nanoseconds';
comment on column parallax.failover.snapshot_expires is 'when the system snapshot expires; null while unknown';
comment on column parallax.failover.marks is '[{layer, name, at, error, basis}]: moments that the data itself tells';
comment on column parallax.failover.unmeasured is '["layer: reason"]: what could not be measured, and why';
comment on column parallax.failover.name is 'key of its finding: the cluster, where it went, and the minute as it was first seen';

create table parallax.topology_event (
    cluster text not null,
    region  text not null,
    source  text not null,
    at      timestamptz not null,
    type    text not null,
    message text not null,
    until   timestamptz,
    run_id  text not null references parallax.run,
    primary key (cluster, region, source, at, type, message)
);
create index topology_event_at on parallax.topology_event (cluster, at);
comment on table parallax.topology_event is 'what was said and seen of the databases, kept because RDS forgets after 14 days';
comment on column parallax.topology_event.until is 'of a state, such as a snapshot or who writes: when it was last seen so; null for an event';
comment on column parallax.topology_event.run_id is 'the first run that saw it';

create table parallax.failover_case (
    cluster     text not null,
    to_region   text not null,
    at          timestamptz not null,
    window_from timestamptz not null,
    window_to   timestamptz not null,
    state       text not null check (state in ('open', 'closed', 'given up')),
    next_due    timestamptz,
    questions   jsonb not null check (jsonb_typeof(questions) = 'array'),
    runs        jsonb not null check (jsonb_typeof(runs) = 'array'),
    evidence    text[] not null,
    opened_at   timestamptz not null,
    closed_at   timestamptz,
    as_of       timestamptz not null,
    primary key (cluster, to_region, at),
    check (window_from <= window_to),
    check ((state = 'open') = (closed_at is null)),
    check (state <> 'open' or next_due is not null)
);
comment on table parallax.failover_case is 'the reconciliation of one failover, repeated until every item is explained';
comment on column parallax.failover_case.questions is '[{about, text, remedy}]: what keeps it open';
comment on column parallax.failover_case.evidence is 'what could be read at its newest repetition: anything new repeats it at once';
comment on column parallax.failover_case.runs is '[{job, run_id, verdict, as_of}]: the newest run of each job';

create table parallax.chain (
    scope        text not null,
    payment_id   text not null,
    key          text not null,
    region       text not null,
    amount_minor bigint not null,
    currency     text not null,
    at           timestamptz not null,
    broken       text not null,
    links        jsonb not null check (jsonb_typeof(links) = 'array'),
    as_of        timestamptz not null,
    run_id       text not null references parallax.run,
    primary key (scope, payment_id)
);
create index chain_at on parallax.chain (scope, at);
comment on table parallax.chain is 'payments whose chain key, ledger, receipt, settlement is or was broken, as the newest run saw them';
comment on column parallax.chain.broken is 'the first layer whose link is absent; empty once the chain is whole';
comment on column parallax.chain.links is '[{layer, state, region, ref, at, note}]';

create table parallax.drill (
    name       text primary key check (name <> ''),
    cluster    text not null,
    started_at timestamptz not null,
    stopped_at timestamptz,
    note       text not null,
    expected   jsonb not null check (jsonb_typeof(expected) = 'array'),
    late       boolean not null,
    score      jsonb,
    check (stopped_at is null or stopped_at >= started_at),
    check (score is null or stopped_at is not null)
);
comment on table parallax.drill is 'game days: what was broken on purpose, what had to be found, and what was';
comment on column parallax.drill.expected is '[{kind, key, count}]: declared before it is looked for';
comment on column parallax.drill.late is 'declared when a run had already looked at what follows its start';
comment on column parallax.drill.score is 'what was found of it, by the newest scoring; null before the first';
create unique index drill_under_way on parallax.drill ((stopped_at is null)) where stopped_at is null;

create function parallax.keep_drill() returns trigger language plpgsql as $$
begin
    if (new.name, new.cluster, new.started_at, new.note, new.expected, new.late)
        is distinct from (old.name, old.cluster, old.started_at, old.note, old.expected, old.late)
        or old.stopped_at is not null and new.stopped_at is distinct from old.stopped_at then
        raise exception 'what drill % has declared is not changed afterwards', old.name
            using errcode = 'insufficient_privilege';
    end if;
    return new;
end $$;
create trigger declared_once before update on parallax.drill for each row execute function parallax.keep_drill();
