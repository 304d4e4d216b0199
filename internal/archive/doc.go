// Package archive keeps the changes of a table's streams as Parquet files, so that an audit can look back further than
// the 24 hours a stream remembers. A file, or segment, holds a run of records of one shard, in the shard's order.
//
// A segment that no committed outcome names does not exist: Write may leave one behind when a run dies, and the next run
// writes the same name again. Read trusts nothing on disk: it checks the segment's checksum before it parses.
//
// Arrow's memory never leaves the package; what is returned is copied.
package archive
