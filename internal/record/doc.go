// Package record holds what the sources yield and the auditors read: a change of a table item, a ledger
// entry, a stored object, a settlement line, an event of the infrastructure, and the batches they travel in.
//
// Records are plain values. No SDK type, no database handle and no Arrow memory ever gets here.
package record
