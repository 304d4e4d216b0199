-- The commands of transfers beside the ledger, one for each side, as an event-sourced saga keeps them.
create table commands (
  command_id text primary key,
  transfer_id text not null,
  side text not null,
  state text not null,
  deadline timestamptz,
  amount_minor bigint not null,
  currency text not null,
  region text not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index commands_created_at on commands (created_at);
grant select on commands to parallax_ro;
