package lab

import (
	"parallax/internal/lab/aurora"
	"parallax/internal/lab/buckets"
	"parallax/internal/lab/globaltable"
	"parallax/internal/lab/rdsapi"
)

// Table is the idempotency keys' global table, for tests that spoil its answers.
func (w *World) Table() *globaltable.Cluster { return w.table }

// Receipts are the buckets and their inventories, for tests that spoil or damage them.
func (w *World) Receipts() *buckets.Pair { return w.receipts }

// RDS is the RDS API, for tests that spoil its answers.
func (w *World) RDS() *rdsapi.Server { return w.rds }

// Ledger is the pair of databases, for tests that lock or close them to the reader.
func (w *World) Ledger() *aurora.Pair { return w.ledger.pair }

// SettlementDir is the folder to which the networks' files are delivered.
func (w *World) SettlementDir() string { return w.settlementDir() }
