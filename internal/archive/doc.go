// Package archive keeps the changes of a table's streams as Parquet files, so that an audit can look back further than
// the 24 hours a stream remembers. A file, or segment, holds a run of records of one shard, in the shard's order. It lies
// in a Place: a folder, or a bucket (see s3place).
//
// Three ways lead back. Read returns a segment's changes. Scan gives an audit the columns it sifts by, without making
// changes of them. Select returns the changes of the few keys that were sifted out.
//
// A segment that no committed outcome names does not exist: Write may leave one behind when a run dies, and the next run
// writes the same name again; Sweep removes what none does. Nothing in the place is trusted: a segment's checksum is
// compared before any of it is parsed.
//
// Arrow's memory never leaves the package; what is returned is copied, and what Scan lends is valid during the call.
package archive
