// Package spill parts many small records into partitions in bounded memory, and on disk beyond it.
//
// Every writer fills a chunk of its own for each partition, so that nothing is locked while a record is added. A full
// chunk stays in memory until the budget is used up; the chunks after that go to one temporary file, whose name is
// removed as soon as it is open. A partition is read back in one piece or chunk by chunk, in no particular order of its
// records.
//
// The records are values of one type without pointers, and are written as they lie in memory: the file is for the process
// that wrote it and for nobody else.
package spill
