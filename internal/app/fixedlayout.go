package app

import (
	"cmp"
	"fmt"
	"strconv"

	"parallax/internal/config"
	"parallax/internal/record"
	"parallax/sources/settlement/decode"
	"parallax/sources/settlement/fixedwidth"
)

// fixedReader reads files of fixed columns as the configuration describes them.
func fixedReader(c config.FixedLayout) (decode.Func, error) {
	l := fixedwidth.Layout{Name: "fixed"}
	if c.Like == visaBaseII {
		l = fixedwidth.VisaBaseII()
	}
	if c.Length > 0 {
		l.Length = c.Length
	}
	if len(c.Records) > 0 {
		l.Name, l.Note, l.Records, l.Length = "fixed", "", nil, c.Length
	}
	for _, r := range c.Records {
		one, err := fixedRecord(r)
		if err != nil {
			return nil, fmt.Errorf("fixed.records.%s: %w", r.Name, err)
		}
		l.Records = append(l.Records, one)
	}
	l.Short, l.Currency, l.Type = c.Short, cmp.Or(c.Currency, l.Currency), record.LineType(c.Type)
	if c.Like == "" || c.Encoding != "ascii" {
		l.Encoding = c.Encoding
	}
	if c.Same != nil {
		l.Same = &fixedwidth.Place{At: c.Same.At, Length: c.Same.Length}
	}
	if len(c.Types) > 0 {
		l.Types = map[string]fixedwidth.Type{}
	}
	for code, t := range c.Types {
		l.Types[code] = fixedwidth.Type{Line: record.LineType(t.Line), Negative: t.Negative, Reversal: t.Reversal}
	}
	return fixedwidth.New(l)
}

func fixedRecord(c config.FixedRecord) (fixedwidth.Record, error) {
	r := fixedwidth.Record{Name: c.Name, Role: fixedwidth.Role(c.Role), Optional: c.Optional, Fields: map[string]fixedwidth.Field{}}
	for _, w := range c.When {
		r.When = append(r.When, fixedwidth.Condition{At: w.At, Is: w.Is})
	}
	for name, f := range c.Fields {
		field := fixedwidth.Field{At: f.At, Length: f.Length, Format: f.Format, Default: f.Default}
		if f.Decimals != "" {
			n, err := strconv.Atoi(f.Decimals)
			if err != nil || n < 0 {
				return r, fmt.Errorf("fields.%s.decimals: want a whole number", name)
			}
			field.Decimals = &n
		}
		if f.Sign != nil {
			field.Sign = &fixedwidth.Sign{Place: fixedPlace(f.Sign.FixedPlace), Positive: f.Sign.Positive, Negative: f.Sign.Negative}
		}
		r.Fields[name] = field
	}
	for _, t := range c.Totals {
		r.Totals = append(r.Totals, fixedwidth.Total{Place: fixedPlace(t.FixedPlace), Of: fixedwidth.Figure(t.Of), Plus: int64(t.Plus), Codes: t.Codes})
	}
	return r, nil
}

func fixedPlace(c config.FixedPlace) fixedwidth.Place {
	return fixedwidth.Place{At: c.At, Length: c.Length}
}
