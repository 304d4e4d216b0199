package config

// FixedLayout describes a file of fixed columns, as package fixedwidth reads it. Positions are counted in bytes from 1.
type FixedLayout struct {
	Like     string               `yaml:"like" enum:"visa-base2-unverified" doc:"Start from a layout that is shipped: visa-base2-unverified, an example that was never held against real files. What else is given here replaces it."`
	Length   int                  `yaml:"length" zero:"ok" doc:"Bytes of a record; 0 where a record is a line."`
	Short    bool                 `yaml:"short" doc:"Lines may end early: what lies beyond is blank."`
	Encoding string               `yaml:"encoding" default:"ascii" enum:"ascii latin-1 cp037 cp500" doc:"ascii, latin-1, cp037 or cp500."`
	Currency string               `yaml:"currency" doc:"ISO 4217 letters, of amounts whose currency stands nowhere."`
	Same     *FixedPlace          `yaml:"same" doc:"What a continuation has in common with the record it continues."`
	Records  []FixedRecord        `yaml:"records" doc:"Types of records; the first that fits a record describes it."`
	Types    map[string]FixedType `yaml:"types" doc:"What each value of the field code means."`
	Type     string               `yaml:"type" doc:"Type of every line, where no field holds a code."`
}

// FixedPlace is where something stands.
type FixedPlace struct {
	At     int `yaml:"at" required:"" doc:"First byte, from 1."`
	Length int `yaml:"length" required:"" doc:"Number of bytes."`
}

// FixedRecord is one type of record.
type FixedRecord struct {
	Name     string                `yaml:"name" required:"" doc:"What errors call it."`
	Role     string                `yaml:"role" required:"" enum:"header line continuation batch_trailer trailer skip" doc:"header, line, continuation, batch_trailer, trailer or skip."`
	When     []FixedCondition      `yaml:"when" doc:"What such a record holds; without it any other record is one."`
	Optional bool                  `yaml:"optional" doc:"A file may lack this header or trailer."`
	Fields   map[string]FixedField `yaml:"fields" doc:"Where what stands: amount, currency, code, reference, payment_id, arn, rrn, auth_code, card, business_date and others."`
	Totals   []FixedTotal          `yaml:"totals" doc:"What a trailer states."`
}

// FixedCondition holds where one of the texts stands at a place.
type FixedCondition struct {
	At int      `yaml:"at" required:"" doc:"First byte, from 1."`
	Is []string `yaml:"is" required:"" doc:"Texts of one length."`
}

// FixedField is one field of a record.
type FixedField struct {
	FixedPlace `yaml:",inline"`
	Decimals   string     `yaml:"decimals" doc:"Implied decimals of an amount; without it as many as the currency has."`
	Sign       *FixedSign `yaml:"sign" doc:"Where an amount's sign stands."`
	Format     string     `yaml:"format" doc:"Of dates: YYYY, YY, Y, MM, DD and DDD in any order."`
	Default    string     `yaml:"default" doc:"What a blank field means."`
}

// FixedSign tells positive from negative amounts.
type FixedSign struct {
	FixedPlace `yaml:",inline"`
	Positive   []string `yaml:"positive" required:"" doc:"Codes of money in."`
	Negative   []string `yaml:"negative" required:"" doc:"Codes of money out."`
}

// FixedType is what a code means.
type FixedType struct {
	Line     string `yaml:"line" doc:"Type of the line; without it no money moves."`
	Negative bool   `yaml:"negative" doc:"Money goes from the merchant."`
	Reversal bool   `yaml:"reversal" doc:"It undoes an earlier line of the same type."`
}

// FixedTotal is a figure that a trailer states.
type FixedTotal struct {
	FixedPlace `yaml:",inline"`
	Of         string   `yaml:"of" required:"" enum:"records lines sum net" doc:"records, lines, sum (of amounts without signs) or net."`
	Plus       int      `yaml:"plus" zero:"ok" doc:"Stated beyond what is counted."`
	Codes      []string `yaml:"codes" doc:"Only of lines with these codes."`
}
