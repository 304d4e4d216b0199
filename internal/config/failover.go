package config

import (
	"time"

	"parallax/internal/audit"
)

// Failover says how a failover is reconciled: every job over the window around it, repeated as late evidence arrives.
type Failover struct {
	Before time.Duration `yaml:"before" default:"1h" doc:"How far before the failover its jobs look."`
	After  time.Duration `yaml:"after" default:"2h" doc:"How far after it."`
	Repeat time.Duration `yaml:"repeat" default:"6h" doc:"How often the jobs are repeated while something is unexplained."`
	GiveUp time.Duration `yaml:"give_up" default:"240h" doc:"After this long a case that still waits for evidence is given up, and says what for."`
}

// HealthCheck is a Route 53 health check that stands before a region.
type HealthCheck struct {
	ID     string       `yaml:"id" required:"" doc:"Id of the health check."`
	Region audit.Region `yaml:"region" required:"" doc:"The region whose health it tells."`
	Name   string       `yaml:"name" doc:"What people call it; its id without one."`
}

// Commands is a table of commands beside a ledger: the steps of transfers, as an event-sourced saga keeps them.
type Commands struct {
	Name     string         `yaml:"name" required:"" doc:"Name, used in findings."`
	Ledger   string         `yaml:"ledger" required:"" doc:"Name of the ledger in whose databases the table is."`
	Table    string         `yaml:"table" doc:"Table, schema.table where needed. Either this or query."`
	Query    string         `yaml:"query" doc:"Read-only query to use instead of a table."`
	Columns  CommandColumns `yaml:"columns" doc:"Which column holds what."`
	Pending  []string       `yaml:"pending" default:"PENDING" doc:"Values of the status column of a command that is not finished."`
	Done     []string       `yaml:"done" default:"COMPLETED" doc:"Values of a command that took effect. Any other value is one that failed or was undone."`
	Sides    []string       `yaml:"sides" default:"debit,credit" doc:"Sides that every transfer must have, where columns.side is mapped."`
	Deadline time.Duration  `yaml:"deadline" default:"5m" doc:"How long a command may be pending where it states no deadline of its own."`
}

// CommandColumns maps the roles a column of commands can play.
type CommandColumns struct {
	ID          string `yaml:"id" required:"" doc:"Id of the command."`
	Transfer    string `yaml:"transfer" required:"" doc:"Id of the transfer that the command is a step of; its sides share it."`
	Side        string `yaml:"side" doc:"Which side of the transfer it is, such as debit and credit; without it a transfer has one side."`
	Status      string `yaml:"status" required:"" doc:"Status of the command."`
	Deadline    string `yaml:"deadline" doc:"When it must be finished, timestamptz."`
	PaymentID   string `yaml:"payment_id" doc:"The payment it belongs to."`
	AmountMinor string `yaml:"amount_minor" doc:"Amount in minor units, an integer."`
	Currency    string `yaml:"currency" doc:"ISO 4217 letters."`
	Region      string `yaml:"region" doc:"Region that took it."`
	CreatedAt   string `yaml:"created_at" required:"" doc:"When it was written, timestamptz."`
	UpdatedAt   string `yaml:"updated_at" doc:"When it was last changed, timestamptz."`
}

// Drills says how often a failover is rehearsed.
type Drills struct {
	Every time.Duration `yaml:"every" default:"2160h" zero:"ok" doc:"A failover must have been rehearsed, and the drill passed, within this time; 0s asks for none."`
}

// Repair says how long what is proposed may be carried out.
type Repair struct {
	Expires time.Duration `yaml:"expires" default:"24h" doc:"Repair files refuse to change anything after this long: what they were made from may have changed."`
}
