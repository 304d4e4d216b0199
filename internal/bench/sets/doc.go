// Package sets makes the files that joins are measured on: two tables of the same keys, with a known share of rows that
// are missing, changed, doubled or without a key. The same task, size and seed give the same rows, in Parquet and in CSV.
//
// Ledger and settlement (Task Ties) come in two different random orders. Inventories (Task Inventories) are sorted.
package sets
