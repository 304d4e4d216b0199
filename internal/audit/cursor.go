package audit

// Position is a read position inside a stream, in the words of its source: a shard's
// sequence number, a file name, a key. The empty position is the beginning.
type Position string

// Cursor is how far a job has read a stream. Version is the number of times it was committed:
// a commit carries the version it started from and fails when another worker was faster.
type Cursor struct {
	Stream  string   `json:"stream"`
	Pos     Position `json:"pos"`
	Version int64    `json:"version"`
}
