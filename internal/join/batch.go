package join

import "context"

// Span is where a text stands in the data of its column: from Start to before End.
type Span struct{ Start, End uint32 }

// Column is one field of the rows of a batch: texts if Texts is not nil, whole numbers if not.
type Column struct {
	Data  []byte  // what Texts points into
	Texts []Span  // one a row
	Ints  []int64 // one a row
	Nulls []bool  // one a row, true where there is no value; nil if every row has one
}

// Batch is some rows of a side, column by column. It may be used again by who made it as soon as the call it was given to
// has returned.
//
// A whole number in a key is the same key as its decimal digits in a text, so that a number column of one side may meet a
// text column of the other. Values are compared as they are: 42 is not "42" there.
type Batch struct {
	Rows  int
	Key   []Column
	Value []Column // what must be equal where the keys are
	Carry []int64  // with Config.Carry one a row: kept with the row, but not compared
}

// Part is a piece of a side that is scanned by one goroutine: a row group, a file, a stream. Scan hands the rows to emit in
// order, any number at a time, and returns emit's error if it gives one.
type Part struct {
	Name string // for errors
	Scan func(ctx context.Context, emit func(*Batch) error) error
}

// Side is one of two sets. Its rows are numbered from 0 through its parts in order.
type Side struct {
	Name  string // for errors: "ledger"
	Parts []Part
	Rows  int64 // about how many there are; 0 if unknown
	// Once says that the parts can be scanned one time only, as streams are.
	Once bool
}
