-- What S3 tells of replications, through a queue that forgets a message once it is read.

create table parallax.replication_event (
    id           text primary key,
    region       text not null,
    bucket       text not null,
    destination  text not null,
    key          text not null,
    version_id   text not null,
    operation    text not null,
    signal       text not null check (signal in ('missed threshold', 'replicated after threshold', 'failed', 'not tracked')),
    at           timestamptz not null,
    requested    timestamptz,
    threshold_ns bigint not null check (threshold_ns >= 0),
    reason       text not null,
    run_id       text not null references parallax.run
);
create index replication_event_bucket on parallax.replication_event (bucket, coalesce(requested, at));
comment on table parallax.replication_event is 'S3 event notifications about replications that did not go as agreed';
comment on column parallax.replication_event.id is 'digest of all that was told: the same told twice is one row';
comment on column parallax.replication_event.at is 'when it happened, by S3';
comment on column parallax.replication_event.requested is 'when the request was made that is replicated, by S3; null where it is not told';
comment on column parallax.replication_event.threshold_ns is 'that was missed, in nanoseconds; 0 for another signal';
comment on column parallax.replication_event.run_id is 'the first run that read it';
