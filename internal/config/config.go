// Package config reads parallax.yaml: strictly, with defaults, overridden by the environment, and with errors that name the
// file, the line, the column and the key.
//
// Secrets come from the environment, from files or from RDS IAM, and no value of this package prints them.
package config

import (
	"time"

	"parallax/internal/audit"
)

// Config is the whole configuration, as the file, the environment and the defaults make it. After Load every path in it is
// absolute.
type Config struct {
	Path       string            `yaml:"-"`
	DataDir    string            `yaml:"data_dir" default:".parallax" doc:"Folder for everything Parallax owns; relative to this file."`
	Store      Connection        `yaml:"store" doc:"PostgreSQL for findings. Without a dsn Parallax starts a private one in data_dir."`
	Regions    []audit.Region    `yaml:"regions" doc:"The AWS regions to compare."`
	AWS        AWS               `yaml:"aws" doc:"How AWS is reached. Credentials come from the SDK's default chain, never from here."`
	Archive    Archive           `yaml:"archive" doc:"The change archive, written by capture."`
	Tables     []Table           `yaml:"tables" doc:"DynamoDB global tables that hold idempotency keys."`
	Ledgers    []Ledger          `yaml:"ledgers" doc:"Ledgers in Aurora PostgreSQL Global Database."`
	Receipts   []Receipts        `yaml:"receipts" doc:"Buckets of receipts with cross-region replication."`
	Settlement []Settlement      `yaml:"settlement" doc:"Files of card networks and acquirers."`
	Statements []Statement       `yaml:"statements" doc:"Statements of the bank accounts that payouts come to."`
	Commands   []Commands        `yaml:"commands" doc:"Tables of transfer commands, as event-sourced sagas keep them."`
	Topology   Topology          `yaml:"topology" doc:"The database clusters, as the RDS API names them."`
	Objectives Objectives        `yaml:"objectives" doc:"What was promised; measured figures are held against it."`
	Failover   Failover          `yaml:"failover" doc:"How a failover is reconciled."`
	Drills     Drills            `yaml:"drills" doc:"How often a failover is rehearsed."`
	Repair     Repair            `yaml:"repair" doc:"Repair files, which people approve and run."`
	Schedules  map[string]string `yaml:"schedules" keys:"job" doc:"When each job runs: five cron fields, UTC."`
	Limits     Limits            `yaml:"limits" doc:"Bounds of time and memory."`
	Log        Log               `yaml:"log" doc:"What is logged on standard error."`

	at map[string]position `yaml:"-"` // where each key stands in the file
}

// Connection says how a PostgreSQL server is reached and where its password comes from: inside the DSN, from a variable,
// from a file, or as an RDS IAM token; one of them at most.
type Connection struct {
	DSN          DSN          `yaml:"dsn" doc:"Address, for example postgres://parallax_ro@host:5432/payments?sslmode=verify-full."`
	PasswordEnv  string       `yaml:"password_env" doc:"Environment variable that holds the password."`
	PasswordFile string       `yaml:"password_file" doc:"File that holds the password; relative to this file."`
	RDSIAM       bool         `yaml:"rds_iam" doc:"Use an RDS IAM token as the password."`
	Region       audit.Region `yaml:"region" doc:"AWS region of the server; for a ledger it defaults to the region it stands under."`
	Password     Secret       `yaml:"-"` // read by Load from password_env or password_file; not set for the other two
}

// LedgerRegion is one region's copy of a ledger.
type LedgerRegion struct {
	Connection `yaml:",inline"`
	RoleHint   string `yaml:"role_hint" enum:"writer reader" doc:"What this server should be, writer or reader; a run says so if it is not."`
}

// AWS says how AWS is reached.
type AWS struct {
	Endpoints   map[audit.Region]Endpoints `yaml:"endpoints" keys:"region" doc:"Private or test endpoints, by region."`
	S3PathStyle bool                       `yaml:"s3_path_style" doc:"Address buckets by path instead of by host name."`
	Timeout     time.Duration              `yaml:"timeout" default:"30s" doc:"Time allowed for one request."`
	Retries     int                        `yaml:"retries" default:"3" doc:"Attempts for one request; the readers of streams and tables make three times as many, with growing pauses."`
}

// Endpoints are URLs to use instead of the SDK's own; empty means the SDK's.
type Endpoints struct {
	DynamoDB        string `yaml:"dynamodb" doc:"URL for DynamoDB."`
	DynamoDBStreams string `yaml:"dynamodbstreams" doc:"URL for DynamoDB Streams."`
	S3              string `yaml:"s3" doc:"URL for S3."`
	RDS             string `yaml:"rds" doc:"URL for RDS."`
	Kinesis         string `yaml:"kinesis" doc:"URL for Kinesis Data Streams."`
	Route53         string `yaml:"route53" doc:"URL for Route 53."`
	CloudWatch      string `yaml:"cloudwatch" doc:"URL for CloudWatch."`
	SQS             string `yaml:"sqs" doc:"URL for SQS."`
}

// Archive is where the change archive lies.
type Archive struct {
	Dir       string        `yaml:"dir" default:"archive" doc:"Folder of the change archive (Parquet); relative to data_dir."`
	S3        string        `yaml:"s3" doc:"Bucket and prefix that hold the archive instead of a folder: s3://bucket/prefix."`
	Region    audit.Region  `yaml:"region" doc:"Region of that bucket; without it the first of regions."`
	Retention time.Duration `yaml:"retention" default:"0s" zero:"ok" doc:"What is older is removed after a capture; 0s keeps all. Shorter than 48h is refused."`
}

// Table is a DynamoDB global table of idempotency keys.
type Table struct {
	Name       string        `yaml:"name" required:"" doc:"Name of the table."`
	Settle     time.Duration `yaml:"settle" default:"15m" doc:"Younger than this is in flight, never a finding."`
	Attributes Attributes    `yaml:"attributes" doc:"Which attribute of an item holds what; empty where the table has none."`
	Financial  []string      `yaml:"financial" doc:"Attributes whose difference raises the severity."`
	Clock      time.Duration `yaml:"clock" default:"1s" zero:"ok" doc:"How far apart the regions' clocks may be."`
	Keep       time.Duration `yaml:"keep" default:"24h" doc:"A key must be kept this long at least: one that expires earlier lets a late retry be charged again."`
	Kinesis    Kinesis       `yaml:"kinesis" doc:"Kinesis Data Streams for DynamoDB, to be read instead of DynamoDB Streams."`
	Scan       Scan          `yaml:"scan" doc:"Comparing the replicas item by item when part of a stream was lost."`
}

// Kinesis names the data streams that carry a table's changes.
type Kinesis struct {
	Streams map[audit.Region]string `yaml:"streams" keys:"region" doc:"Name of the data stream of each region."`
	Late    time.Duration           `yaml:"late" default:"1m" doc:"How late a record may come after newer ones."`
}

// Scan says whether and how hard tables are scanned.
type Scan struct {
	AfterGap  bool `yaml:"after_gap" default:"true" doc:"Scan both replicas when a stream has a gap. It costs read capacity."`
	ReadUnits int  `yaml:"read_units" default:"100" doc:"Read capacity units a second to use at most, in each region."`

	Pause time.Duration `yaml:"pause" default:"1m" doc:"How long to wait before items that differ are read again, which is done twice."`
}

// Attributes maps the roles an attribute can play to the table's own names.
type Attributes struct {
	WriteID     string `yaml:"write_id" doc:"Unique for every write. With origin it makes lost writes provable."`
	Version     string `yaml:"version" doc:"Number that grows by one with every write."`
	Origin      string `yaml:"origin" doc:"Region that wrote."`
	WrittenAt   string `yaml:"written_at" doc:"Moment of the write by the writer's clock, RFC 3339."`
	PaymentID   string `yaml:"payment_id" doc:"The payment the key stands for."`
	AmountMinor string `yaml:"amount_minor" doc:"Amount in minor units."`
	Currency    string `yaml:"currency" doc:"ISO 4217 letters."`
	Status      string `yaml:"status" doc:"Status of the payment."`
	TTL         string `yaml:"ttl" doc:"Time to live, where the table has one."`
}

// Ledger is a table, or a read-only query, of payments with a copy in each region.
type Ledger struct {
	Name     string                        `yaml:"name" required:"" doc:"Name, used in findings and by receipts and settlement."`
	Table    string                        `yaml:"table" doc:"Table, schema.table where needed. Either this or query."`
	Query    string                        `yaml:"query" doc:"Read-only query to use instead of a table."`
	Columns  Columns                       `yaml:"columns" doc:"Which column holds what."`
	Compare  []string                      `yaml:"compare" default:"amount_minor,currency,status" doc:"What must be equal in both regions."`
	Margin   time.Duration                 `yaml:"margin" default:"30s" doc:"Rows younger than the lag plus this are in flight."`
	Statuses Statuses                      `yaml:"statuses" doc:"What the status column means."`
	NoFile   []string                      `yaml:"no_file" doc:"Values of the network column that no settlement file carries, for example cash."`
	Regions  map[audit.Region]LedgerRegion `yaml:"regions" keys:"region" doc:"The server of each region."`
	Snapshot *Connection                   `yaml:"snapshot" doc:"The old primary, restored from its snapshot after a failover."`

	Snapshots []Connection `yaml:"snapshots" doc:"Further ones, where there was more than one failover."`
	Mode      string       `yaml:"mode" default:"replicated" enum:"replicated sharded" doc:"replicated: one writer, the other regions follow it; sharded: each region writes its own payments, and none is in two regions."`
	Pace      int          `yaml:"pace" default:"50" doc:"How hard its databases may be pressed: the share of time, in percent, in which a statement may run on each of them."`
}

// Columns maps the roles a column can play to the ledger's own names.
type Columns struct {
	ID               string `yaml:"id" doc:"Serial id of the row."`
	PaymentID        string `yaml:"payment_id" required:"" doc:"Business key of the payment."`
	IdempotencyKey   string `yaml:"idempotency_key" doc:"Idempotency key the payment was made under."`
	AmountMinor      string `yaml:"amount_minor" required:"" doc:"Amount in minor units, an integer."`
	Currency         string `yaml:"currency" required:"" doc:"ISO 4217 letters."`
	Status           string `yaml:"status" required:"" doc:"Status of the payment."`
	Network          string `yaml:"network" doc:"Name of the settlement feed that will carry it."`
	NetworkReference string `yaml:"network_reference" doc:"The network's own reference."`
	RRN              string `yaml:"rrn" doc:"Retrieval reference number."`
	AuthCode         string `yaml:"auth_code" doc:"Authorisation code."`
	OwnerRegion      string `yaml:"owner_region" doc:"Region that took the payment."`
	CreatedAt        string `yaml:"created_at" required:"" doc:"When the row was written, timestamptz."`
	UpdatedAt        string `yaml:"updated_at" doc:"When the row was last changed, timestamptz."`

	Extra map[string]string `yaml:"extra" doc:"Further columns, by the name that compare and settlement rules use: arn, last4, batch, mcc, card_brand and others."`
}

// Statuses says which values of the status column mean that money was taken, and which that none was. Everything else is
// in progress.
type Statuses struct {
	Charged []string `yaml:"charged" required:"" doc:"Money was taken."`
	Refused []string `yaml:"refused" doc:"No money was taken."`

	Refunded []string `yaml:"refunded" doc:"Of charged: all of the money has gone back since, so that the customer is not charged twice any more."`
}

// Topology names the clusters of the global database.
type Topology struct {
	GlobalCluster string                  `yaml:"global_cluster" doc:"Identifier of the global cluster."`
	Clusters      map[audit.Region]string `yaml:"clusters" keys:"region" doc:"Identifier of each region's cluster."`
	HealthChecks  []HealthCheck           `yaml:"health_checks" doc:"Route 53 health checks before the regions, for the timeline of a failover."`
	Incident      string                  `yaml:"incident" doc:"Your own incident file (YAML, JSON or CSV of at and note), for the timeline; relative to this file."`
	SnapshotAlarm time.Duration           `yaml:"snapshot_alarm" default:"72h" doc:"Warn when the old primary's snapshot expires within this time."`
}

// Objectives are the promises that measured figures are held against.
type Objectives struct {
	RPO time.Duration `yaml:"rpo" default:"0s" zero:"ok" doc:"Data that may be lost in a failover."`
	RTO time.Duration `yaml:"rto" default:"60s" doc:"Time until writes succeed again."`
	Lag LagObjectives `yaml:"lag" doc:"How far a region may be behind, by layer."`
}

// LagObjectives are the promised bounds of replication lag.
type LagObjectives struct {
	DynamoDB time.Duration `yaml:"dynamodb" default:"5s" doc:"Global table."`
	Aurora   time.Duration `yaml:"aurora" default:"1s" doc:"Aurora's rpo lag."`
	S3       time.Duration `yaml:"s3" default:"15m" doc:"Replication of receipts."`
}

// Limits bound time and memory.
type Limits struct {
	StatementTimeout time.Duration `yaml:"statement_timeout" default:"30s" doc:"Time allowed for one statement on a ledger."`
	PageRows         int           `yaml:"page_rows" default:"10000" doc:"Rows read from a ledger at a time."`
	MemoryMiB        int           `yaml:"memory_mib" default:"512" doc:"Memory an audit of the archive may use, in MiB, 64 at least; beyond it goes to a temporary file in data_dir."`
	MaxFindings      int           `yaml:"max_findings" default:"10000" doc:"Findings one run may report; a truncated list says so."`
}

// Log says what is logged.
type Log struct {
	Level  string `yaml:"level" default:"info" enum:"debug info warn error" doc:"debug, info, warn or error."`
	Format string `yaml:"format" default:"console" enum:"console json" doc:"console or json."`
}
