// Package aurora reads a ledger out of one PostgreSQL database, holds two copies of it against each other, and measures how
// far the databases of a global cluster lag.
//
// It never writes: every session has default_transaction_read_only on, every statement runs in a READ ONLY
// transaction, and a role with SELECT alone is enough. Reads are cut into short pages, because a long query on a
// replica is cancelled when the writer's changes must be replayed (PostgreSQL manual, "Hot Standby", "Handling Query
// Conflicts"), and on the writer it would hold back vacuum.
//
// Compare moves next to nothing: the databases sum up stretches of creation time, those that differ are cut further, and only
// the rows of what is left are read and merged. Databases that do not hash alike are merged row by row.
package aurora
