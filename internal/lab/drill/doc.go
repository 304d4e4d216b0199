// Package drill plays failovers of a ledger on real PostgreSQL servers, each with a truth of its own: which rows and which
// changes were lost, which ids were given out twice, what had not been replicated, and how long each failover took.
//
// The truth is written down by the player as it acts. It knows nothing of the product, and no code of the product takes part.
package drill
