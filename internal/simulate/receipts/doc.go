// Package receipts plays the life of receipts in two buckets that replicate to one another, and knows what became of every
// version: written, copied, stuck, failed, deleted behind replication's back. It yields what inventories of two moments show and
// what the buckets themselves would say at a third, and beside it the truth.
//
// Everything follows from a seed. What is to happen to a version is decided when it is written, and the truth is read from that,
// never from what an inventory shows: nothing here knows how an auditor would find out.
//
// Source of the rules: Amazon S3 User Guide, "What does Amazon S3 replicate?", "Getting replication status information",
// "Replicating delete markers between buckets", "Amazon S3 Inventory list".
package receipts
