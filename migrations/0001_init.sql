-- The findings store. Everything lives in the schema parallax; times are UTC instants with microseconds.
-- "as of" is the moment a run speaks for; only committed_at and applied_at come from the wall clock.

create table parallax.run (
    run_id       text primary key check (run_id <> ''),
    seq          bigint generated always as identity unique,
    job          text not null check (job <> ''),
    window_from  timestamptz not null,
    window_to    timestamptz not null,
    as_of        timestamptz not null,
    verdict      text not null check (verdict in ('clean', 'findings', 'inconclusive')),
    fingerprints text[] not null,
    events_head  bytea check (length(events_head) = 32),
    committed_at timestamptz not null default now(),
    check (window_from <= window_to)
);
create index run_newest on parallax.run (job, as_of desc, seq desc);
comment on table parallax.run is 'one row per committed run of a job; written once';
comment on column parallax.run.seq is 'order of commits; gaps mean nothing';
comment on column parallax.run.as_of is 'the moment the run speaks for';
comment on column parallax.run.verdict is 'inconclusive: some of the window was not read, whatever was found';
comment on column parallax.run.fingerprints is 'the findings this run reported, in its order';
comment on column parallax.run.events_head is 'hash of the newest finding_event when the run was committed; null while there is none';

create table parallax.coverage (
    run_id      text not null references parallax.run,
    line        integer not null check (line > 0),
    source      text not null,
    scope       text not null,
    region      text not null,
    window_from timestamptz not null,
    window_to   timestamptz not null,
    records     bigint not null check (records >= 0),
    matched     bigint not null check (matched >= 0),
    complete    boolean not null,
    watermark   timestamptz,
    extents     jsonb not null check (jsonb_typeof(extents) = 'array'),
    excluded    jsonb not null check (jsonb_typeof(excluded) = 'array'),
    gaps        jsonb not null check (jsonb_typeof(gaps) = 'array'),
    primary key (run_id, line),
    check (window_from <= window_to),
    check (complete = (jsonb_array_length(gaps) = 0))
);
create index coverage_scope on parallax.coverage (scope, window_from);
comment on table parallax.coverage is 'the certificate of a run: what each source yielded in each region';
comment on column parallax.coverage.scope is 'the configured table, ledger, bucket pair or feed';
comment on column parallax.coverage.region is 'empty where the source has none';
comment on column parallax.coverage.matched is 'records that found their counterpart';
comment on column parallax.coverage.complete is 'nothing of the window was left unread';
comment on column parallax.coverage.watermark is 'nothing older will come; null where unknown';
comment on column parallax.coverage.extents is 'what was read: [{name, from, to, records, checksum, totals}]';
comment on column parallax.coverage.excluded is 'what was read and left out: [{reason, records}]';
comment on column parallax.coverage.gaps is 'what was not read: [{window, reason, remedy}]';

create table parallax.finding (
    fingerprint  text primary key check (fingerprint <> ''),
    kind         text not null check (kind ~ '^[a-z0-9_]+\.[a-z0-9_]+$'),
    family       text not null generated always as (split_part(kind, '.', 1)) stored,
    job          text not null,
    severity     text not null check (severity in ('critical', 'high', 'medium', 'low')),
    verdict      text not null check (verdict in ('proven', 'probable', 'undecidable')),
    status       text not null check (status in
                     ('expected', 'overdue', 'open', 'acknowledged', 'resolved', 'cleared', 'suppressed')),
    status_by    text,
    scope        text not null,
    key          text not null,
    region       text not null,
    amount_minor bigint,
    currency     text,
    amounts      jsonb not null check (jsonb_typeof(amounts) = 'array'),
    window_from  timestamptz not null,
    window_to    timestamptz not null,
    shown        timestamptz,
    reason       text not null,
    rule         text not null,
    evidence     jsonb not null check (jsonb_typeof(evidence) = 'array'),
    first_seen   timestamptz not null,
    last_seen    timestamptz not null,
    runs         bigint not null check (runs > 0),
    first_run    text not null references parallax.run,
    last_run     text not null references parallax.run,
    basis        text not null,
    cleared_by   text references parallax.run,
    cleared_at   timestamptz,
    check (window_from <= window_to),
    check (first_seen <= last_seen),
    check ((status = 'cleared') = (cleared_by is not null)),
    check ((cleared_by is null) = (cleared_at is null)),
    check ((amount_minor is null) = (currency is null))
);
create index finding_scope on parallax.finding (job, scope, window_from)
    where status in ('expected', 'overdue', 'open', 'acknowledged');
create index finding_status on parallax.finding (status, kind);
create index finding_key on parallax.finding (key);
create index finding_prefix on parallax.finding (fingerprint text_pattern_ops);
comment on table parallax.finding is 'one row per point where two views of a payment differ';
comment on column parallax.finding.fingerprint is 'the same finding in a later run has the same one';
comment on column parallax.finding.job is 'the job that reported it first; only that job clears it';
comment on column parallax.finding.status_by is 'the person who set the status; null where a run or a rule did';
comment on column parallax.finding.key is 'the business key: payment id, table key, object key, network reference, file name';
comment on column parallax.finding.region is 'where the loss is; empty if not in one region';
comment on column parallax.finding.amount_minor is 'the first amount, in minor units of its currency; null where no money is at stake';
comment on column parallax.finding.currency is 'ISO 4217 code of the first amount';
comment on column parallax.finding.amounts is 'all amounts: [{amount_minor, currency}]';
comment on column parallax.finding.window_from is 'when it happened, by the records'' own times';
comment on column parallax.finding.shown is 'when the last of the records that show it was written; null where that is the window; a run clears what its window holds by this';
comment on column parallax.finding.first_seen is 'as-of time of the first run that saw it';
comment on column parallax.finding.last_seen is 'newest as-of time of the runs that saw it';
comment on column parallax.finding.runs is 'how many runs saw it';
comment on column parallax.finding.basis is 'digest of the rules and the witnesses of the last run that saw it; only a run of the same basis clears it';
comment on column parallax.finding.cleared_by is 'the complete run that no longer saw it';
comment on column parallax.finding.cleared_at is 'as-of time of that run';

create table parallax.finding_event (
    seq         bigint primary key check (seq > 0),
    fingerprint text not null references parallax.finding,
    run_id      text references parallax.run,
    at          timestamptz not null,
    actor       text not null,
    action      text not null check (action in ('detected', 'redetected', 'reopened', 'cleared', 'kept', 'status_set')),
    from_status text not null,
    to_status   text not null,
    note        text not null,
    prev_hash   bytea not null check (length(prev_hash) = 32),
    hash        bytea not null unique check (length(hash) = 32)
);
create index finding_event_finding on parallax.finding_event (fingerprint, seq);
comment on table parallax.finding_event is 'what happened to findings: appended, never changed, each entry bound to the one before it by hash';
comment on column parallax.finding_event.seq is 'without gaps from 1';
comment on column parallax.finding_event.run_id is 'null for what a person did';
comment on column parallax.finding_event.at is 'as-of time of the run, or when the person acted';
comment on column parallax.finding_event.actor is 'who; empty for a run';
comment on column parallax.finding_event.prev_hash is 'hash of the entry before; 32 zero bytes for the first';
comment on column parallax.finding_event.hash is 'SHA-256 over the length-prefixed fields and prev_hash';

create function parallax.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'parallax.% is append-only: % refused', tg_table_name, lower(tg_op)
        using errcode = 'insufficient_privilege';
end $$;
create trigger append_only before update or delete on parallax.finding_event
    for each row execute function parallax.refuse_change();
create trigger append_only_all before truncate on parallax.finding_event
    for each statement execute function parallax.refuse_change();

create table parallax.cursor (
    job      text not null,
    stream   text not null,
    position text not null,
    version  bigint not null check (version > 0),
    run_id   text not null references parallax.run,
    primary key (job, stream)
);
comment on table parallax.cursor is 'how far a job has read a stream';
comment on column parallax.cursor.position is 'in the words of the source: a sequence number, a file name, a key';
comment on column parallax.cursor.version is 'number of commits; a commit names the version it started from and fails if another was faster';
comment on column parallax.cursor.run_id is 'the run that moved it last';

create table parallax.task (
    task_id      bigint generated always as identity primary key,
    job          text not null,
    window_from  timestamptz not null,
    window_to    timestamptz not null,
    state        text not null check (state in ('due', 'running', 'done', 'failed')),
    epoch        bigint not null default 0 check (epoch >= 0),
    worker       text,
    run_id       text references parallax.run,
    attempts     integer not null default 0 check (attempts >= 0),
    last_error   text,
    lease_until  timestamptz,
    unique (job, window_from, window_to),
    check (window_from <= window_to),
    check (state <> 'done' or run_id is not null)
);
create index task_due on parallax.task (window_to) where state in ('due', 'running');
comment on table parallax.task is 'a window a job owes, planned from its schedule';
comment on column parallax.task.epoch is 'raised each time a worker takes the task; a commit under an older epoch is refused';
comment on column parallax.task.worker is 'who holds it; null while nobody does';

create table parallax.failover (
    cluster     text not null,
    to_region   text not null,
    at          timestamptz not null,
    from_region text not null,
    planned     boolean not null,
    promoted    timestamptz,
    snapshot    text not null,
    measures    jsonb not null check (jsonb_typeof(measures) = 'array'),
    as_of       timestamptz not null,
    run_id      text not null references parallax.run,
    primary key (cluster, to_region, at)
);
comment on table parallax.failover is 'changes of the writing region, with what was measured from the data';
comment on column parallax.failover.at is 'when the writes began to fail, as far as the events tell';
comment on column parallax.failover.promoted is 'when the new writer was promoted; null while unknown';
comment on column parallax.failover.snapshot is 'system snapshot of the old primary; empty if none was seen';
comment on column parallax.failover.measures is '[{layer, figure, value, error, objective, basis}], durations in nanoseconds';
comment on column parallax.failover.as_of is 'as-of time of the run this row is from; an older run changes nothing';

create table parallax.lag_sample (
    layer       text not null,
    scope       text not null,
    from_region text not null,
    to_region   text not null,
    at          timestamptz not null,
    lag_ns      bigint not null,
    error_ns    bigint not null check (error_ns >= 0),
    method      text not null,
    run_id      text not null references parallax.run,
    primary key (layer, scope, from_region, to_region, at)
);
create index lag_sample_at on parallax.lag_sample (at);
comment on table parallax.lag_sample is 'measurements of how far a region is behind';
comment on column parallax.lag_sample.lag_ns is 'nanoseconds; never a count';
comment on column parallax.lag_sample.error_ns is 'uncertainty of the measurement, plus or minus, in nanoseconds';

create table parallax.settlement_file (
    feed          text not null,
    name          text not null,
    sha256        text not null,
    file_id       text not null,
    business_date text not null check (business_date ~ '^(\d{4}-\d{2}-\d{2})?$'),
    records       bigint not null check (records >= 0),
    rejected      bigint not null check (rejected >= 0),
    status        text not null check (status in ('accepted', 'rejected', 'duplicate')),
    reason        text not null,
    totals        jsonb not null check (jsonb_typeof(totals) = 'object'),
    seen_at       timestamptz,
    as_of         timestamptz not null,
    run_id        text not null references parallax.run,
    primary key (feed, name, sha256)
);
create index settlement_file_sha256 on parallax.settlement_file (sha256);
comment on table parallax.settlement_file is 'settlement files as they were seen, accepted or not';
comment on column parallax.settlement_file.file_id is 'the file''s own identifier; empty if the format has none';
comment on column parallax.settlement_file.totals is 'control totals by name, stated and computed';
comment on column parallax.settlement_file.seen_at is 'when it was first seen; null where unknown';

create table parallax.match (
    scope        text not null,
    file         text not null,
    line         bigint not null,
    payment_id   text not null,
    reference    text not null,
    rule         text not null,
    amount_minor bigint not null,
    currency     text not null,
    as_of        timestamptz not null,
    run_id       text not null references parallax.run,
    primary key (scope, file, line)
);
create index match_payment on parallax.match (payment_id);
comment on table parallax.match is 'which settlement line was paired with which ledger row, and by which rule';
comment on column parallax.match.line is 'record number in the file';
comment on column parallax.match.amount_minor is 'minor units of the currency';

create table parallax.alert_outbox (
    alert_id    bigint generated always as identity primary key,
    fingerprint text not null references parallax.finding,
    run_id      text not null references parallax.run,
    cause       text not null check (cause in ('detected', 'redetected', 'reopened')),
    as_of       timestamptz not null,
    state       text not null default 'waiting' check (state in ('waiting', 'sent', 'given_up')),
    attempts    integer not null default 0 check (attempts >= 0),
    last_error  text,
    sent_at     timestamptz,
    unique (fingerprint, run_id)
);
create index alert_outbox_waiting on parallax.alert_outbox (alert_id) where state = 'waiting';
comment on table parallax.alert_outbox is 'findings that have become open and that somebody is still to be told of';
comment on column parallax.alert_outbox.cause is 'redetected: it was expected or overdue before';

create table parallax.archive_segment (
    name        text primary key,
    table_name  text not null,
    region      text not null,
    shard       text not null,
    first_seq   text not null,
    last_seq    text not null,
    records     bigint not null check (records >= 0),
    window_from timestamptz not null,
    window_to   timestamptz not null,
    sha256      text not null,
    run_id      text not null references parallax.run,
    check (window_from <= window_to)
);
create index archive_segment_window on parallax.archive_segment (table_name, window_from, window_to);
comment on table parallax.archive_segment is 'files of the change archive; a file that is not named here does not exist';
comment on column parallax.archive_segment.name is 'relative to the archive''s root';
comment on column parallax.archive_segment.first_seq is 'first sequence number, inclusive';
comment on column parallax.archive_segment.last_seq is 'last sequence number, inclusive';
comment on column parallax.archive_segment.window_from is 'creation times of its records';

create table parallax.archive_start (
    table_name text not null,
    region     text not null,
    starts_at  timestamptz not null,
    primary key (table_name, region)
);
comment on table parallax.archive_start is 'how far the change archive was forgotten; a table that is not named here has all that was captured';
comment on column parallax.archive_start.starts_at is 'what was created earlier can not be read completely any more';
