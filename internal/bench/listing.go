package main

// listing is a group as `bench join -list` prints it, one JSON document a line, in the order of the join: everything it says of
// the group, for a referee.
type listing struct {
	Key   []*string `json:"key"`   // null for a NULL
	Left  []member  `json:"left"`  // in the order of rows
	Right []member  `json:"right"` // the same
}

// member is a row.
type member struct {
	Row    int64   `json:"row"`
	Number *int64  `json:"number"`
	Text   *string `json:"text"`
}
