// Package simulate plays the life of single items of a DynamoDB global table in two or three regions and knows what
// became of every write. It yields what the regions' streams would show, and beside it the truth: the tree of versions,
// and which of them replication destroyed.
//
// Everything follows from a profile, a seed and a key: the same three give the same history, and histories of one
// profile and seed share one world, its clocks, outages, trimmed streams and shards. The truth is read from the tree at the moment a
// version is destroyed; nothing here knows how an auditor would find out.
//
// Source of the rules of replication: Amazon DynamoDB Developer Guide, "Global tables: multi-Region eventual consistency"
// (last writer wins on a timestamp that no record shows; changes to one item may be combined on their way), and API
// reference, Streams "StreamRecord" (creation time rounded down to the second).
package simulate
