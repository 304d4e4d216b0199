// Package fixedwidth reads settlement files whose fields stand at fixed places, as a layout describes them. Several networks
// and processors send such files under agreements that forbid to publish where what stands; whoever has the manual writes
// the layout down as data. One is shipped as an example: VisaBaseII.
//
// What is read of a file is what its layout names, nothing else; where it states totals, they are checked.
package fixedwidth

import "parallax/internal/record"

// Layout describes a format. Positions are counted in bytes from 1, as manuals do.
type Layout struct {
	Name     string
	Note     string   // said in the summary of every file, for example that nobody has checked the layout
	Length   int      // bytes of a record; 0 where a record is a line. Of ASCII and Latin-1 records, line ends may follow each
	Short    bool     // records may end early: what lies beyond the end is blank. Only where a record is a line
	Encoding string   // ascii (default), latin-1, cp037, cp500
	Currency string   // ISO 4217 letters, of amounts whose currency stands nowhere
	Same     *Place   // what a continuation has in common with the record it continues
	Records  []Record // the first that fits a record describes it; one that none fits is rejected
	Types    map[string]Type
	Type     record.LineType // of every line, where no field holds a code
}

// Place is where something stands.
type Place struct {
	At     int // 1-based
	Length int
}

// Role says what a record is for.
type Role string

// The roles of records.
const (
	Header       Role = "header"        // the first record of the file
	Line         Role = "line"          // begins a settlement line
	Continuation Role = "continuation"  // goes on with the line before it
	BatchTrailer Role = "batch_trailer" // ends a batch: its totals are of the lines since the last one
	Trailer      Role = "trailer"       // the last record of the file
	Skip         Role = "skip"          // holds no money: counted, not read
)

// Record describes one type of record.
type Record struct {
	Name     string // for errors
	Role     Role
	When     []Condition      // all must hold; none: the record is any other
	Optional bool             // a header or trailer that a file may lack
	Fields   map[string]Field // by our names, see Fields
	Totals   []Total          // of trailers
}

// Condition holds where one of the texts stands at a place. All have one length.
type Condition struct {
	At int
	Is []string
}

// Field is one of our fields in their record.
type Field struct {
	At, Length int
	Decimals   *int   // amounts: implied decimals; nil: as many as the currency has
	Sign       *Sign  // amounts: where their sign stands, unless it is written with the digits or follows from the type
	Format     string // dates: YYYY, YY, Y, MM, DD and DDD (day of the year) in any order, such as YYMMDD, YDDD or MMDD
	Default    string // what a blank field means
}

// Sign tells positive from negative amounts by a code. Anything else is an error.
type Sign struct {
	Place
	Positive, Negative []string
}

// Type is what one of their codes means. The sign of the money's way comes from here, on top of any in the amount.
type Type struct {
	Line     record.LineType // empty: no money moves, the record is counted as administrative
	Negative bool            // money goes from the merchant
	Reversal bool            // undoes an earlier line of the same type
}

// Total is a figure that a trailer states.
type Total struct {
	Place
	Of    Figure
	Plus  int64    // stated beyond what is counted: 2 where header and trailer count as lines
	Codes []string // only of lines with these codes; empty: of all
}

// Figure is what a total counts.
type Figure string

// The figures. Amounts are those of the field amount, as they stand in the file, whatever their currency.
const (
	CountRecords Figure = "records" // all records, those of this trailer and the header included
	CountLines   Figure = "lines"   // records with the role line
	SumUnsigned  Figure = "sum"     // of the amounts without their signs
	SumSigned    Figure = "net"     // of the amounts as signed by the type
)
