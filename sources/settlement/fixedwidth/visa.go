package fixedwidth

import "parallax/internal/record"

// VisaBaseII is an example of a layout: the part of Visa's Base II clearing records that is public. It is unverified: no
// real file and no manual was at hand. Positions of totals are not public, so none is checked; dates within the records and
// fees are not read; a transaction code that is not listed is rejected, for money may be in it. Who has the manual copies
// this layout and completes it.
//
// Source: public descriptions of 168-byte transaction component records, for example Visa Acceptance's capture
// specification (positions of transaction code and component number): https://developer.visaacceptance.com.
func VisaBaseII() Layout {
	lines := []string{"05", "06", "07", "15", "16", "17", "25", "26", "27", "35", "36", "37"}
	return Layout{
		Name: "visa-base2-unverified", Length: 168, Encoding: "ascii",
		Note: "an example that nobody has held against real files; it knows no control totals",
		Same: &Place{At: 1, Length: 2},
		Records: []Record{
			{Name: "TC 90", Role: Header, When: []Condition{{At: 1, Is: []string{"90"}}}},
			{Name: "TCR 0", Role: Line, When: []Condition{{At: 1, Is: lines}, {At: 4, Is: []string{"0"}}}, Fields: map[string]Field{
				"code":             {At: 1, Length: 2},
				"card":             {At: 5, Length: 16},
				"arn":              {At: 27, Length: 23},
				"billing_amount":   {At: 62, Length: 12}, // destination
				"billing_currency": {At: 74, Length: 3},
				"amount":           {At: 77, Length: 12}, // source
				"currency":         {At: 89, Length: 3},
				"auth_code":        {At: 152, Length: 6},
			}},
			{Name: "TCR 5", Role: Continuation, When: []Condition{{At: 1, Is: lines}, {At: 4, Is: []string{"5"}}}, Fields: map[string]Field{
				"reference": {At: 5, Length: 15}, // transaction identifier
				"part":      {At: 45, Length: 2}, // multiple clearing sequence
				"parts":     {At: 47, Length: 2},
			}},
			{Name: "TCR", Role: Continuation, When: []Condition{{At: 1, Is: lines}}},
			{Name: "TC 91", Role: BatchTrailer, When: []Condition{{At: 1, Is: []string{"91"}}}},
			{Name: "TC 92", Role: Trailer, When: []Condition{{At: 1, Is: []string{"92"}}}},
		},
		Types: map[string]Type{
			"05": {Line: record.Presentment},
			"06": {Line: record.Refund, Negative: true},
			"07": {Line: record.Presentment},
			"15": {Line: record.Chargeback, Negative: true},
			"16": {Line: record.Chargeback},
			"17": {Line: record.Chargeback, Negative: true},
			"25": {Line: record.Presentment, Negative: true, Reversal: true},
			"26": {Line: record.Refund, Reversal: true},
			"27": {Line: record.Presentment, Negative: true, Reversal: true},
			"35": {Line: record.Chargeback, Reversal: true},
			"36": {Line: record.Chargeback, Negative: true, Reversal: true},
			"37": {Line: record.Chargeback, Reversal: true},
		},
	}
}
